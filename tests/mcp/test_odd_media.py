"""Pictures and videos as the world has them, through the vision server: what the model is shown,
and what is said of it."""

import base64
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from support.media import encoded
from support.replies import Said, answer
from support.service import Service, catalogue
from support.shown import EYES
from support.upstream import Asked, Reply, ScriptedUpstream
from support.vision import hosted, pictures, send, standing, text_of

GIVEN = Path(__file__).parents[1] / "support" / "media_files"


def see(asked: Asked) -> Reply:
    return answer(asked, Said(f"I see {len(pictures(asked))}."))


@pytest.fixture(scope="module")
def upstream() -> Iterator[ScriptedUpstream]:
    with ScriptedUpstream(see) as running:
        yield running


@pytest.fixture(scope="module")
def service(
    upstream: ScriptedUpstream, servers: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Service]:
    config = catalogue(upstream.base_url) + servers.replace("limit = 20", "limit = 100") + EYES
    with Service(tmp_path_factory.mktemp("odd"), config) as running:
        yield running


def shown(upstream: ScriptedUpstream) -> list[bytes]:
    """What the model was shown in the newest call."""
    links = pictures(upstream.calls[-1])
    assert all(link.startswith(("data:image/png", "data:image/jpeg")) for link in links)
    return [base64.b64decode(link.partition(",")[2], validate=True) for link in links]


def opened(body: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(body))
    image.load()
    return image


def data_link(name: str) -> str:
    body = (GIVEN / name).read_bytes()
    if name.endswith(".txt"):
        return body.decode()
    return f"data:application/octet-stream;base64,{base64.b64encode(body).decode()}"


# What the model is shown (mode, size) and what the answer says was seen.
READ = {
    "v02-exif6-4200.jpg": ("RGB", (293, 4096), "turned upright, scaled from 300 × 4200"),
    "v03-cmyk.jpg": ("RGB", (64, 64), ""),
    "v04-gray16-4200.png": ("L", (4096, 16), "scaled from 4200 × 16"),
    "v05-transparent.gif": ("RGB", (80, 40), ""),
    "v06-1x1.png": ("RGB", (1, 1), ""),
    "v07-30000x40.png": ("L", (4096, 5), "scaled from 30000 × 40"),
    "v09-anim.gif": ("RGB", (64, 64), "the first of 2 frames"),
    "v10.avif": ("RGB", (64, 64), ""),
    "v12-mpo.jpg": ("RGB", (64, 64), ""),
    "v14.tif": ("RGB", (10, 10), ""),
    "v16-wrapped-base64.txt": ("RGB", (1, 1), ""),
}
REFUSED = {
    "v08-truncated.jpg": "the picture is damaged",
    "v09b-anim-cut.gif": "the picture is damaged",
    "v11.svg": "an SVG is not read: send PNG, JPEG or WebP",
    "v15-png-lies-49mp.png": "more than 40 megapixels",
}


async def test_pictures_are_shown_as_they_are_meant(
    service: Service, upstream: ScriptedUpstream
) -> None:
    key = service.new_key("pictures@example.org")
    async with hosted(service, key) as client:
        for name, (mode, size, seen) in READ.items():
            asked = {"image_source": data_link(name), "prompt": "What is it?"}
            answered, _, note = text_of(await client.call_tool("analyze_image", asked)).partition(
                "\n\n"
            )
            assert answered == "I see 1.", (name, answered)
            assert (seen in note) and bool(note) == bool(seen), (name, note)
            (image,) = map(opened, shown(upstream))
            assert (image.mode, image.size) == (mode, size), name
            if name == "v02-exif6-4200.jpg":
                # A red stripe and a blue one, which lie above and below as it is stored.
                left, right = (image.crop((x, 0, x + 5, 4096)).resize((1, 1)) for x in (2, 286))
                assert left.getpixel((0, 0))[2] > 150 > left.getpixel((0, 0))[0]
                assert right.getpixel((0, 0))[0] > 150 > right.getpixel((0, 0))[2]
            if name in ("v04-gray16-4200.png", "v05-transparent.gif"):
                low, high = image.convert("L").getextrema()
                assert (low, high) == (0, 255), (name, low, high)
    assert standing(service, key) == (0, len(READ))


async def test_pictures_that_are_not_read_are_refused_by_name_and_free(
    service: Service, upstream: ScriptedUpstream
) -> None:
    key = service.new_key("refused@example.org")
    before = len(upstream.calls)
    async with hosted(service, key) as client:
        for name, why in REFUSED.items():
            asked = {"image_source": data_link(name), "prompt": "What is it?"}
            result = await client.call_tool("analyze_image", asked)
            assert result.is_error
            assert text_of(result).startswith("The picture was not read: "), text_of(result)
            assert why in text_of(result), (name, text_of(result))
    assert set(READ) | set(REFUSED) == {path.name for path in GIVEN.glob("v*")}
    assert standing(service, key) == (0, 0)
    assert len(upstream.calls) == before


@pytest.mark.parametrize(
    ("name", "number", "span", "size"),
    [
        ("m01-webm-no-duration.webm", 16, "from 0.0 s to 56.2 s of a video of 60.0 s", (160, 96)),
        ("m03-hevc.mp4", 3, "from 0.0 s to 2.0 s of a video of 3.0 s", (160, 96)),
        ("m04-rotated-90.mp4", 2, "from 0.0 s to 1.0 s of a video of 2.0 s", (96, 160)),
    ],
)
async def test_videos_are_seen_whole_and_upright(
    service: Service,
    upstream: ScriptedUpstream,
    name: str,
    number: int,
    span: str,
    size: tuple[int, int],
) -> None:
    key = service.new_key(f"{name}@example.org")
    asked = {"video_source": send(service, key, GIVEN / name), "prompt": "What happens?"}
    async with hosted(service, key) as client:
        told = text_of(await client.call_tool("analyze_video", asked))
    assert told.startswith(f"I see {number}.\n\n(What was seen: {number} frames {span}"), told
    assert ("turned upright" in told) == ("rotated" in name)
    bodies = shown(upstream)
    assert {opened(body).size for body in bodies} == {size}
    assert standing(service, key) == (0, 1)


async def test_bytes_in_a_text_are_taken_however_they_are_written(
    service: Service, upstream: ScriptedUpstream
) -> None:
    """Also at the general address, as the local server sends them."""
    key = service.new_key("written@example.org")
    body = encoded(Image.effect_noise((90, 60), 80), "PNG")
    plain, safe = base64.b64encode(body).decode(), base64.urlsafe_b64encode(body).decode()
    assert plain != safe
    written = (
        f"data:image/png;base64,{plain}",
        f"DATA:image/png;charset=utf-8;BASE64, {base64.encodebytes(body).decode()}",
        f"data:;base64,{safe.rstrip('=')}",
        f"data:image/jpeg;base64,{plain.replace('+', '%2B').replace('/', '%2F')}",
        plain,
    )
    async with hosted(service, key) as client:
        for source in written:
            asked = {"image_source": source, "prompt": "What is it?"}
            assert text_of(await client.call_tool("analyze_image", asked)) == "I see 1."
            assert shown(upstream) == [body]
    headers = {"authorization": f"Bearer {key}", "x-title": "4.5V MCP Local"}
    with service.client(headers=headers) as http:
        for source in written:
            picture = {"type": "image_url", "image_url": {"url": source}}
            content = [picture, {"type": "text", "text": "What is it?"}]
            call = {"model": "glm-4.5v", "messages": [{"role": "user", "content": content}]}
            told = http.post("/api/paas/v4/chat/completions", json=call)
            assert told.json()["choices"][0]["message"]["content"] == "I see 1.", told.text
            assert shown(upstream) == [body]
    assert standing(service, key) == (0, 2 * len(written))


async def test_a_tool_for_the_other_is_named_and_free(service: Service) -> None:
    key = service.new_key("other@example.org")
    film = data_link("m04-rotated-90.mp4")
    async with hosted(service, key) as client:
        told = await client.call_tool("analyze_image", {"image_source": film, "prompt": "?"})
        assert "an MP4 is a video, and a picture is expected" in text_of(told)
        still = {"video_source": data_link("v06-1x1.png"), "prompt": "?"}
        told = await client.call_tool("analyze_video", still)
        assert "a PNG of one frame is a picture, and a video is expected" in text_of(told)
        moving = {"video_source": data_link("v09-anim.gif"), "prompt": "?"}
        told = await client.call_tool("analyze_video", moving)
        assert "1 frame at 0.0 s of a video of 0.2 s" in text_of(told)
    assert standing(service, key) == (0, 1)
