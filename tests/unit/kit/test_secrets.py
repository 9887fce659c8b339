"""Keys that no client takes for a placeholder; passwords as hashes."""

from codeplan.kit import secrets


def test_a_key_never_spells_api_or_key() -> None:
    for _ in range(2000):
        key = secrets.new_token("cp-")
        assert key.startswith("cp-")
        assert len(key) == 43
        assert "api" not in key
        assert "key" not in key


def test_passwords() -> None:
    password = secrets.new_password()
    hashed = secrets.hash_password(password)
    assert password not in hashed
    assert secrets.password_matches(hashed, password)
    assert not secrets.password_matches(hashed, password + "x")
    assert not secrets.password_matches("not a hash", password)
