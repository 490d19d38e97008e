"""Scenarios as people hand them over: files of other systems, other numbers, wrong kinds."""

import pytest

import koubei_sim as kb
from koubei_sim import Scenario
from koubei_sim.errors import KoubeiError
from koubei_sim.model.scenario.files import read_toml


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16", "utf-16-le"])
def test_a_toml_file_as_other_systems_save_it(tmp_path, encoding):
    """Catches a file that Windows saved being refused for three bytes that nobody sees."""
    path = tmp_path / "mine.toml"
    text = 'title = "小米手机"\nticks = 9\n'
    raw = text.encode(encoding)
    path.write_bytes(b"\xff\xfe" + raw if encoding == "utf-16-le" else raw)
    assert read_toml(path) == {"title": "小米手机", "ticks": 9}
    assert Scenario.load(path).title == "小米手机"


@pytest.mark.parametrize("content", [b"", b"\n# nothing here\n", b"\xef\xbb\xbf", b"\xff\xfe"])
def test_an_empty_scenario_file_is_no_scenario(tmp_path, content):
    """Catches a file cut short being run as the defaults."""
    path = tmp_path / "empty.toml"
    path.write_bytes(content)
    with pytest.raises(KoubeiError, match="says nothing"):
        kb.run(path)


@pytest.mark.parametrize("name", ["a" * 5000, "a\0b", "", "~nobody-of-this-name/x.toml", b"tiny"])
def test_what_is_no_path_is_refused_in_one_line(name):
    """Catches the raw errors of the system: name too long, embedded null byte."""
    for call in (Scenario.load, kb.run):
        with pytest.raises(KoubeiError) as caught:
            call(name)
        assert "\n" not in str(caught.value)


def test_the_home_folder_in_scenario_files(tmp_path, monkeypatch):
    """Catches ~ taken for a folder of this name, in reading or in writing."""
    monkeypatch.setenv("HOME", str(tmp_path))
    Scenario(ticks=5).save("~/mine.toml")
    assert (tmp_path / "mine.toml").is_file()
    assert Scenario.load("~/mine.toml").ticks == 5


def test_a_scenario_that_cannot_be_written(tmp_path):
    """Catches a raw OSError, and a half-written file left behind."""
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "file").write_text("x")
    for goal in (tmp_path / "folder.toml", tmp_path / "file" / "mine.toml"):
        with pytest.raises(KoubeiError):
            Scenario().save(goal)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.toml"]
