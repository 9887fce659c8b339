"""Bytes as browsers read them: labels, order, bad bytes, and a guess where nothing is said."""

import pytest

from codeplan.fetching.charsets import codec_of, decode_body

CHINESE = "朱镕基的镕字不在旧表里，这一段有足够的文字。"
JAPANESE = "この文書は開発者のための手引きで、かなり長い文章です。"
RUSSIAN = "Это руководство для разработчиков, которое описывает порядок работы."
# By label: how it was written, and what.
WRITTEN: tuple[tuple[str, str, str], ...] = (
    ("gb2312", "gb18030", CHINESE + "㐀"),
    ("GBK", "gbk", CHINESE),
    (" x-gbk ", "gbk", CHINESE),
    ("big5", "big5hkscs", "繁體中文網頁，嘅"),
    ("Shift_JIS", "cp932", JAPANESE + "①髙﨑～"),
    ("x-sjis", "cp932", JAPANESE),
    ("windows-31j", "cp932", JAPANESE),
    ("euc-jp", "euc_jp", JAPANESE),
    ("iso-2022-jp", "iso2022_jp", JAPANESE),
    ("ks_c_5601-1987", "cp949", "똠방각하 펲시콜라"),
    ("euc-kr", "cp949", "서울 지하철 노선도"),
    ("koi8-r", "koi8_r", RUSSIAN),
    ("windows-1251", "cp1251", RUSSIAN + "«№»"),
    ("x-cp1251", "cp1251", RUSSIAN),
    ("latin1", "cp1252", "“Ça” – €"),
    ("iso-8859-1", "cp1252", "’tis"),
    ("ascii", "cp1252", "é"),
    ("iso-8859-9", "cp1254", "İstanbul “ş”"),
    ("tis-620", "cp874", "ภาษาไทย"),
    ("utf-16", "utf-16-le", CHINESE),
    ("unicode-1-1-utf-8", "utf-8", CHINESE),
)


@pytest.mark.parametrize(("label", "codec", "text"), WRITTEN)
def test_a_label_means_what_it_means_to_browsers(label: str, codec: str, text: str) -> None:
    assert decode_body(text.encode(codec), label) == text


@pytest.mark.parametrize("label", ["", "utf-7", "hex", "rot13", "idna", "none", "é", "\u212aoi8-r"])
def test_what_is_no_label_of_the_web_is_none(label: str) -> None:
    assert codec_of(label) == ""
    assert decode_body(CHINESE.encode(), label) == CHINESE


@pytest.mark.parametrize(
    ("codec", "text"),
    [
        ("gb18030", CHINESE), ("big5", "繁體中文網頁的編碼測試，這是一段文字。"),
        ("cp932", JAPANESE), ("euc_jp", JAPANESE), ("iso2022_jp", JAPANESE),
        ("cp949", "서울 무료 지하철 노선도가 있습니다"),
        ("cp1251", RUSSIAN), ("koi8_r", RUSSIAN), ("cp866", RUSSIAN),
        ("cp1252", "Où êtes-vous, François ? C’est déjà l’été — très bien."),
        ("cp1253", "Αυτό είναι ένα ελληνικό κείμενο"), ("utf-8", CHINESE),
    ],
)  # fmt: skip
def test_where_nothing_is_said_it_is_guessed(codec: str, text: str) -> None:
    page = (
        f"<html><head><title>T</title></head><body><article><p>{text}</p></article></body></html>"
    )
    assert decode_body(page.encode(codec), "") == page


def test_the_order_is_mark_then_header_then_page() -> None:
    page = f'<meta charset="koi8-r"><p>{RUSSIAN}</p>'
    assert RUSSIAN in decode_body(b"\xef\xbb\xbf" + page.encode(), "windows-1251")
    assert RUSSIAN in decode_body(page.encode("utf-16"), "windows-1251")
    assert RUSSIAN in decode_body(page.encode("cp1251"), "windows-1251")
    assert RUSSIAN in decode_body(page.encode("koi8_r"), "")
    assert RUSSIAN in decode_body(page.encode("koi8_r"), "no-such-charset")


@pytest.mark.parametrize(
    "head",
    [
        "<meta charset=windows-1251>", "<META CHARSET = 'Windows-1251' />",
        '<meta http-equiv="Content-Type" content="text/html; charset=windows-1251">',
        '<meta content="text/html;charset=cp1251" http-equiv=content-type>',
        '<!-- <meta charset="utf-8"> --><meta charset=windows-1251>',
        '<script>"<meta charset=utf-8>"</script><meta charset=windows-1251>',
        "<meta charset=no-such><meta charset=windows-1251>",
        '<?xml version="1.0" encoding="windows-1251"?><html>',
        f"<title>{'x' * 3000}</title><meta charset=windows-1251>",
    ],
)  # fmt: skip
def test_a_page_says_its_charset_anywhere_in_its_head(head: str) -> None:
    page = f"{head}<body><p>{RUSSIAN}</p>"
    assert decode_body(page.encode("cp1251"), "") == page


def test_a_page_that_can_be_read_is_not_in_utf_16_whatever_it_says() -> None:
    page = f"<meta charset=utf-16><p>{RUSSIAN}</p>"
    assert decode_body(page.encode(), "") == page


def test_a_bad_byte_is_replaced_and_nothing_else_is_tried() -> None:
    broken = CHINESE.encode("gbk") + b"\xff" + CHINESE.encode("gbk")
    assert decode_body(broken, "gb2312") == f"{CHINESE}\ufffd{CHINESE}"
    assert decode_body("é".encode("cp1252"), "utf-8") == "\ufffd"
    # A page in UTF-8 that was cut in the middle of a letter is one all the same.
    assert decode_body(CHINESE.encode()[:-1], "") == CHINESE[:-1] + "\ufffd"


def test_the_webs_euc_jp_has_the_letters_of_nec() -> None:
    assert decode_body("①㈱".encode("euc_jis_2004") + b"\xff!", "euc-jp") == "①㈱\ufffd!"
