"""The import file: a CSV of new alumni as an office receives it, with blanks, repeated people and broken rows."""

import csv
import io
from collections import Counter, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from random import Random
from typing import Protocol

from perfkit.demo import import_words as words
from perfkit.errors import UsageError

COLUMNS = (
    "external_id", "prefix", "given_name", "middle_name", "family_name", "birth_date", "email", "phone",
    "address_line1", "address_line2", "city", "state", "postal_code", "country", "degree_code", "grad_year",
    "employer", "job_title", "notes",
)  # fmt: skip

REPEATED_SHARE = 0.03  # of rows, a person of an earlier row again, as vendors' lists have them
REPEATED_WITHIN = 1024  # rows back; what is kept in memory
ROWS_PER_WRITE = 4096  # beyond this, larger writes were not faster

# Ready-made pieces of each part; a line's draw of 64 bits chooses one of each, so their product must be below 2^64.
PEOPLE, CLASSES, PHONES, ADDRESSES, JOBS, NOTES = 8192, 1024, 1024, 4096, 1024, 256


class Stream(Protocol):
    """Where the text goes; a file opened with newline="" and encoding="utf-8"."""

    def write(self, text: str, /) -> object:
        """Take the next text."""


@dataclass(frozen=True, slots=True)
class ImportFileCounts:
    """What an import file holds: all rows (without the header), repeated people among the good ones, broken rows a kind."""

    rows: int
    repeated: int
    broken: dict[str, int]


@dataclass(frozen=True, slots=True)
class _Parts:
    """Ready-made pieces of lines, of which a line takes one each."""

    people: list[tuple[str, str]]  # prefix,given,middle,family and the mail name, blank for no e-mail
    classes: list[tuple[str, str]]  # birth_date and degree_code,grad_year
    phones: list[str]
    addresses: list[str]
    jobs: list[str]
    notes: list[str]


def write_import_file(stream: Stream, *, rows: int, seed: int, bad_share: float = 0.0) -> ImportFileCounts:
    """Write a header and `rows` records to `stream`, the same for the same seed; return what was written.

    Exactly round(rows x bad_share) records are broken, each in one way of BROKEN. A good record has as many fields
    as COLUMNS, a birth_date that is ISO or blank, an e-mail with one @ and no blank or none at all, a degree code
    of the alumni database, and names of at most 100 letters. A record with unbalanced quotes stays within its line
    for a reader that forgives, as Python's does. Memory does not grow with `rows`. Raises UsageError for a negative
    number of rows or a share outside 0 to 1.
    """
    if rows < 0 or not 0 <= bad_share <= 1:
        raise UsageError(
            f"cannot write {rows} rows of which {bad_share:g} are broken",
            hint="rows are 0 or more, the share of broken ones 0 to 1",
        )
    random = Random(seed)
    parts = _parts(random)
    broken: Counter[str] = Counter(dict.fromkeys(BROKEN, 0))
    kinds = tuple(BROKEN)
    recent: deque[tuple[int, int]] = deque(maxlen=REPEATED_WITHIN)
    repeated, still_bad = 0, round(rows * bad_share)
    uniform, bits = random.random, random.getrandbits
    lines = [",".join(COLUMNS) + "\n"]
    for number in range(1, rows + 1):
        draw = bits(64)
        # Knuth's algorithm S: exactly as many as asked, each row equally likely, no list of them
        if still_bad and uniform() * (rows - number + 1) < still_bad:
            still_bad -= 1
            kind = kinds[draw % len(kinds)]
            broken[kind] += 1
            lines.append(BROKEN[kind](_fields(_line(parts, draw, number, number))))
        elif recent and uniform() < REPEATED_SHARE:
            repeated += 1
            lines.append(_again(_fields(_line(parts, *recent[draw % len(recent)], number)), draw))
        else:
            recent.append((draw, number))
            lines.append(_line(parts, draw, number, number))
        if len(lines) >= ROWS_PER_WRITE:
            stream.write("".join(lines))
            lines.clear()
    stream.write("".join(lines))
    return ImportFileCounts(rows, repeated, dict(broken))


def _line(parts: _Parts, draw: int, person: int, number: int) -> str:
    """Return the record of a draw: `person` makes the e-mail address its own, `number` the external id."""
    draw, at = divmod(draw, PEOPLE)
    names, mail_name = parts.people[at]
    draw, at = divmod(draw, CLASSES)
    birth_date, degree = parts.classes[at]
    draw, phone = divmod(draw, PHONES)
    draw, address = divmod(draw, ADDRESSES)
    draw, job = divmod(draw, JOBS)
    email = f"{mail_name}{person}@mailhub.example" if mail_name else ""
    return (
        f"X{number:08d},{names},{birth_date},{email},{parts.phones[phone]},{parts.addresses[address]},"
        f"{degree},{parts.jobs[job]},{parts.notes[draw % NOTES]}\n"
    )


def _parts(random: Random) -> _Parts:
    choose, chance = random.choice, random.random

    def person() -> tuple[str, str]:
        prefix = choose(("", "", "", "Ms.", "Mr.", "Dr."))
        middle = choose(("", "", "J.", "Ann", "de la"))
        names = (
            prefix,
            "" if chance() < 0.005 else choose(words.GIVEN_NAMES),
            middle,
            choose(words.FAMILY_NAMES),
        )
        return _joined(names), "" if chance() < 0.12 else choose(words.MAIL_NAMES)

    def school_class() -> tuple[str, str]:
        year = 2026 - int(70 * chance() ** 1.6)
        birth = f"{year - random.randint(21, 30)}-{random.randint(1, 12):02d}-{random.randint(1, 28):02d}"
        school = choose(tuple(words.SUBJECTS))
        return "" if chance() < 0.2 else birth, f"{school}-BS-{choose(words.SUBJECTS[school])},{year}"

    def phone() -> str:
        area, line = random.randint(201, 989), random.randint(0, 9999)
        return choose(("", f"+1 {area} 555 {line:04d}", f"({area}) 555-{line:04d}", f"{area}555{line:04d}"))

    def address() -> str:
        city, state, postal_prefix, country = choose(words.PLACES)
        line = f"{random.randint(1, 1999)} {choose(words.STREETS)}" + choose(
            ("", "", ", Apt 3", ", c/o Reed")
        )
        postal_code = f"{postal_prefix}{random.randint(0, 99):02d}" if chance() < 0.95 else ""
        return _joined((line, choose(("", "", "", "Unit B", "2nd floor")), city, state, postal_code, country))

    def job() -> str:
        return "," if chance() < 0.3 else _joined((choose(words.EMPLOYERS), choose(words.TITLES)))

    def note() -> str:
        return "" if chance() < 0.7 else _joined((choose(words.NOTES),))

    return _Parts(
        people=[person() for _ in range(PEOPLE)],
        classes=[school_class() for _ in range(CLASSES)],
        phones=[phone() for _ in range(PHONES)],
        addresses=[address() for _ in range(ADDRESSES)],
        jobs=[job() for _ in range(JOBS)],
        notes=[note() for _ in range(NOTES)],
    )


def _fields(line: str) -> list[str]:
    """Return the fields of a well-formed record."""
    return next(csv.reader([line]))


def _joined(fields: Iterable[str]) -> str:
    """Return the fields as CSV, quoted where they must be, without the line's end."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(fields)
    return text.getvalue()[:-1]


def _again(fields: list[str], draw: int) -> str:
    """Return the record of an earlier person as another source would spell it."""
    given, family, email = fields[2], fields[4], fields[6]
    changes = (
        {2: given[:1]},
        {2: given.upper(), 4: family.upper()},
        {2: given + " ", 6: email.upper()},
        {5: "", 7: ""},
        {16: "", 17: "", 18: ""},
        {},
    )[draw % 6]
    return _changed(fields, changes)


def _changed(fields: list[str], changes: dict[int, str]) -> str:
    return _joined(changes.get(place, field) for place, field in enumerate(fields)) + "\n"


def _ragged(fields: list[str]) -> str:
    return _joined(fields[:-3] if len(fields[2]) % 2 else [*fields, "see above", ""]) + "\n"


def _bad_date(fields: list[str]) -> str:
    return _changed(fields, {5: ("1990-02-31", "31/12/1985", "1979-13-05", "about 1960")[len(fields[4]) % 4]})


def _bad_email(fields: list[str]) -> str:
    return _changed(
        fields,
        {6: ("no-at-sign.example", "two words@mailhub.example", "a@@mailhub.example")[len(fields[4]) % 3]},
    )


def _unknown_degree(fields: list[str]) -> str:
    return _changed(fields, {14: ("XXX-BS-NON", "B.S.", "")[len(fields[4]) % 3]})


def _over_long(fields: list[str]) -> str:
    return _changed(fields, {2: (fields[2] + "á") * 120})


def _unbalanced_quotes(fields: list[str]) -> str:
    """Open a quote that nobody closes before that of the last field, so that only this line is lost."""
    plain = [field.translate({ord(letter): " " for letter in ',"\n'}) for field in fields]
    plain[2] = f'"{plain[2]}'
    plain[-1] = '"see file, page 2"'
    return ",".join(plain) + "\n"


BROKEN: dict[str, Callable[[list[str]], str]] = {
    "ragged": _ragged,
    "bad_date": _bad_date,
    "bad_email": _bad_email,
    "unknown_degree": _unknown_degree,
    "over_long": _over_long,
    "unbalanced_quotes": _unbalanced_quotes,
}
