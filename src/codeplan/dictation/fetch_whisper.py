"""`python -m codeplan.dictation.fetch_whisper SIZE FOLDER`: fetch a Whisper model where it is not
there yet. Prints the model's folder; with exit code 1, why there is none."""

import sys
from pathlib import Path


def main(size: str, folder: str) -> int:
    from faster_whisper import download_model

    Path(folder).mkdir(mode=0o700, parents=True, exist_ok=True)
    for is_local in (True, False):
        try:
            model = download_model(size, cache_dir=folder, local_files_only=is_local)
        except Exception as error:  # whatever the hub's library raises, there is no model
            why = f"{error}".splitlines()
            said = next((line for line in why if line.strip()), type(error).__name__)
            continue
        if (Path(model) / "model.bin").is_file():
            print(model)
            return 0
        said = "the hub's copy has no model.bin"
    print(said)
    return 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
