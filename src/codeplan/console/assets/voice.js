// The microphone of the voice page: what it records is put where a file would be chosen, and sent.
export function voice() {
  const form = document.querySelector("form[data-recorder]");
  const button = form?.querySelector("[data-record]");
  if (!button || !navigator.mediaDevices || !window.MediaRecorder) return;
  const said = form.querySelector("[data-recording]");
  const start = button.textContent;
  let recorder = null;

  function send(pieces, type) {
    const file = new File(pieces, "recording.webm", { type });
    const chosen = new DataTransfer();
    chosen.items.add(file);
    form.elements.file.files = chosen.files;
    said.textContent = said.dataset.sends;
    form.requestSubmit();
  }

  async function record() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    } catch {
      said.textContent = button.dataset.denied;
      return;
    }
    const pieces = [];
    recorder = new MediaRecorder(stream);
    recorder.addEventListener("dataavailable", (event) => {
      pieces.push(event.data);
      if (recorder.state === "recording") said.textContent = `${said.dataset.runs} ${pieces.length} s`;
    });
    recorder.addEventListener("stop", () => {
      stream.getTracks().forEach((track) => track.stop());
      send(pieces, recorder.mimeType);
    });
    recorder.start(1000);
    button.textContent = button.dataset.stop;
    said.textContent = said.dataset.runs;
  }

  button.hidden = false;
  button.addEventListener("click", () => {
    if (recorder?.state === "recording") {
      button.textContent = start;
      recorder.stop();
    } else {
      record();
    }
  });
}
