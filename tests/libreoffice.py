"""Files as LibreOffice Calc opens them."""

import subprocess
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

TABLE_CELL = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
VALUES = ("date-value", "boolean-value", "value")
TEXT = "{urn:oasis:names:tc:opendocument:xmlns:text:1.0}"


Cell = dict[str, str | None]


def open_with_libreoffice(
    soffice: str, files: list[Path], folder: Path, separator: str = ","
) -> dict[str, list[list[Cell]]]:
    """Return each file's cells as LibreOffice Calc opens them with formulas allowed: text, type, formula.

    CSV is split at the separator.
    """
    option = f"--infilter=CSV:{ord(separator)},34,76,1,,0,false,true,false,false,false,0,true"
    converted = _converted(soffice, files, folder, option)
    return {file.stem: list(sheet_rows(sheets)) for file, sheets in zip(files, converted, strict=True)}


def opened_workbook(soffice: str, file: Path, folder: Path) -> dict[str, list[list[Cell]]]:
    """Return the cells of each sheet of a workbook."""
    (document,) = _converted(soffice, [file], folder)
    return {
        str(sheet.get(f"{TABLE_CELL}name")): list(sheet_rows(sheet)) for sheet in document.iter(f"{TABLE_CELL}table")
    }


def _converted(soffice: str, files: list[Path], folder: Path, *options: str) -> list[ElementTree.Element]:
    """Return each file as LibreOffice writes it to flat XML."""
    profile = f"-env:UserInstallation=file://{folder}/profile"
    paths = ["--convert-to", "fods", "--outdir", str(folder), *map(str, files)]
    subprocess.run([soffice, "--headless", profile, *options, *paths], check=True, capture_output=True, timeout=180)
    return [ElementTree.parse(folder / f"{file.stem}.fods").getroot() for file in files]


def sheet_rows(sheets: ElementTree.Element) -> Iterator[list[Cell]]:
    for row in sheets.iter(f"{TABLE_CELL}table-row"):
        cells = []
        for cell in row.iter(f"{TABLE_CELL}table-cell"):
            found = {
                "text": "\n".join(map(paragraph, cell.iter(f"{TEXT}p"))),
                "type": cell.get(f"{OFFICE}value-type"),
                "formula": cell.get(f"{TABLE_CELL}formula"),
                "value": next((cell.get(f"{OFFICE}{kind}") for kind in VALUES if cell.get(f"{OFFICE}{kind}")), None),
            }
            cells += [found] * min(int(cell.get(f"{TABLE_CELL}number-columns-repeated", "1")), 40)
        if any(cell["text"] for cell in cells):
            yield cells


def paragraph(element: ElementTree.Element) -> str:
    """Return a paragraph's text. Blanks that XML would drop are separate elements there."""
    inner = {f"{TEXT}s": " " * int(element.get(f"{TEXT}c", "1")), f"{TEXT}tab": "\t", f"{TEXT}line-break": "\n"}
    told = inner.get(element.tag, element.text or "")
    return told + "".join(paragraph(child) + (child.tail or "") for child in element)
