from pathlib import Path

import pytest

from pilot_core.errors import StoreError
from pilot_core.files import write_all_atomic, write_atomic


def test_text_is_written_as_utf8_without_translating_line_ends(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a.txt", "שלום\r\n王芳\n")
    assert (tmp_path / "a.txt").read_bytes() == "שלום\r\n王芳\n".encode()


def test_bytes_are_written_as_they_are_and_missing_folders_are_made(tmp_path: Path) -> None:
    write_atomic(tmp_path / "one" / "two" / "a.bin", b"\x00\xff")
    assert (tmp_path / "one" / "two" / "a.bin").read_bytes() == b"\x00\xff"


def test_a_file_is_replaced_whole_and_readers_of_the_old_one_keep_it(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_atomic(path, "old and long")
    with path.open() as reader:
        write_atomic(path, "new")
        assert reader.read() == "old and long"
    assert path.read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_name_as_long_as_the_file_system_allows_can_be_written(tmp_path: Path) -> None:
    write_atomic(tmp_path / ("x" * 255), "a")
    assert (tmp_path / ("x" * 255)).read_text() == "a"


def test_a_failed_write_leaves_what_was_there_and_no_temporary_file(tmp_path: Path) -> None:
    (tmp_path / "target").mkdir()
    with pytest.raises(StoreError) as failure:
        write_atomic(tmp_path / "target", "text")
    assert str(failure.value) == (
        f"{tmp_path / 'target'} could not be written (Is a directory); nothing is left half-written. "
        "Check the folder's permissions and free space, then try again."
    )
    assert [path.name for path in tmp_path.iterdir()] == ["target"]


def test_a_folder_that_cannot_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="could not be written"):
        write_atomic(tmp_path / "file" / "a.txt", "text")
    assert (tmp_path / "file").read_text() == "x"


def test_a_new_file_gets_the_permissions_that_new_files_have_here(tmp_path: Path) -> None:
    write_atomic(tmp_path / "a.txt", "x")
    (tmp_path / "b.txt").write_text("x")
    assert (tmp_path / "a.txt").stat().st_mode == (tmp_path / "b.txt").stat().st_mode


def test_of_many_files_that_cannot_all_be_written_each_is_whole_or_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "b.txt").mkdir()
    (tmp_path / "a.txt").write_text("old")
    with pytest.raises(StoreError, match=r"b\.txt could not be written"):
        write_all_atomic(tmp_path, {"a.txt": b"new", "b.txt": b"new", "c.txt": b"new"})
    assert (tmp_path / "a.txt").read_text() == "new"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "b.txt"]
