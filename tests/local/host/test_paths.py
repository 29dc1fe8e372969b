"""Paths are decoded and encoded as by Kestrel (aspnetcore: UrlDecoder, PathNormalizer, PathString)."""

import pytest

from local.host.paths import decode_path, encode_path


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        ("/a", "/a"),
        ("/a%20b", "/a b"),
        ("/M%C3%BCller", "/Müller"),
        ("/a%2Fb%2fc", "/a%2Fb%2fc"),
        ("/%FF%41", "/%FFA"),
        ("/%2541", "/%41"),
        ("/%", "/%"),
        ("/a/../b", "/b"),
        ("/%2e%2e/b", "/b"),
        ("/a/./b/..", "/a/"),
        ("/..", "/"),
        ("/../../a", "/a"),
    ],
)
def test_path_is_decoded_once(raw: str, path: str) -> None:
    """UTF-8 is decoded; an encoded slash and bytes that aren't UTF-8 stay encoded; dot segments are
    removed.
    """
    assert decode_path(raw) == path


def test_null_character_is_a_bad_request() -> None:
    """A path with a null character is an error, as in Kestrel."""
    assert decode_path("/a%00b") is None


@pytest.mark.parametrize(
    ("path", "url"),
    [
        ("/a b", "/a%20b"),
        ("/Müller", "/M%C3%BCller"),
        ("/a%2Fb", "/a%2Fb"),
        ("/100%", "/100%25"),
        ("/a:@!$&'()*+,;=~", "/a:@!$&'()*+,;=~"),
    ],
)
def test_path_is_encoded_for_the_url(path: str, url: str) -> None:
    """Characters that a path may contain stay; others are percent-encoded as UTF-8
    (PathString.ToUriComponent).
    """
    assert encode_path(path) == url
