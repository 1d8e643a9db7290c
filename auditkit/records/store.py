"""The store of records: a folder with `store.sqlite` and a folder of files for each record.

    .auditkit/
      store.sqlite                    what is asked across records, digests of files, sign-off log
      outcomes.salt                   by which kept rows are named, once some are
      records/<id>/record.json        the record
      records/<id>/state-….bin        mergeable states, for re-slicing and monitoring
      records/<id>/outcomes-….arrow   rows, where the user asked for them; may be deleted any time

A record's folder is renamed into place while the write lock of the database is held, and its rows
are committed right after. So whoever holds the lock knows: a folder without rows is a whole record
whose writer was killed between the two, and is taken in.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from auditkit.errors import StoreError
from auditkit.records import files, queries, rows
from auditkit.records.database import Database
from auditkit.records.identifiers import is_id
from auditkit.records.integrity import read_limited, read_unchanged
from auditkit.records.network import refuse_network
from auditkit.records.record import AuditRecord
from auditkit.records.record_file import RECORD_BYTES, decode, encode
from auditkit.records.runs import RunFilter, RunSummary
from auditkit.records.salt import make_salt, read_salt
from auditkit.records.signatures import Signature, SignOff, broken_links
from auditkit.records.states import holds_outcomes, outcomes_file, state_file, state_name

DEFAULT = ".auditkit"
RECORD = "record.json"
LISTED = 5
"""How many records an error names."""


def open_store(path: str | Path = DEFAULT, *, create: bool = True) -> Store:
    """The store in a folder.

    Args:
        path: the folder, on a local disk.
        create: make it if it is not there; else that is an error.

    Raises:
        StoreError: it lies on a network file system, cannot be written, is corrupt, or was written
            by a newer auditkit; or it is not there and `create` is False.
    """
    folder = _folder(path)
    refuse_network(folder)
    database = folder / "store.sqlite"
    if not create and not database.is_file():
        raise StoreError(
            f"There is no store at {folder}.",
            mend="Run `auditkit audit` first, or name another folder with --store.",
        )
    with files.writing(folder):
        (folder / "records").mkdir(parents=True, exist_ok=True)
    return Store(folder, Database(database))


class Store:
    """Records, their states, and what reviewers said about them; use `open_store`.

    Safe for several threads and processes at once. A reference is a record's id, the beginning of
    one, or `latest`.
    """

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder = folder
        self._records = folder / "records"
        self._database = database
        self._recover()

    def __repr__(self) -> str:
        return f"Store({str(self.folder)!r})"

    def save(
        self,
        record: AuditRecord,
        states: Mapping[str, bytes] | None = None,
        outcomes: Sequence[bytes] = (),
    ) -> None:
        """Store a record and what belongs to it, whole or not at all.

        Args:
            record: its id must be new to the store.
            states: name → bytes of a mergeable state.
            outcomes: rows that the user asked to keep, of each head or label.

        Raises:
            StoreError: the id is taken or malformed, the disk is full, the folder not writable …
        """
        if not is_id(record.id):
            raise StoreError(
                f"{record.id[:80]!r} is no id of a record.",
                mend="Make one with auditkit.records.new_id().",
            )
        contents = {RECORD: encode(record)}
        contents.update({state_file(name): state for name, state in (states or {}).items()})
        contents.update({outcomes_file(place): kept for place, kept in enumerate(outcomes)})
        with files.incoming(self._records, record.id, contents) as folder:
            self._publish(folder, record, contents)

    def load(self, reference: str) -> AuditRecord:
        """A record, after its file was compared with the digest taken when it was stored.

        Raises:
            StoreError: unknown or ambiguous (both name candidates), or the file was changed.
        """
        record_id = self.resolve(reference)
        path = self._records / record_id / RECORD
        digest = self._record_digest(record_id)
        return decode(read_unchanged(path, digest, RECORD_BYTES), str(path))

    def states(self, reference: str) -> Mapping[str, bytes]:
        """The states of a record by name, compared likewise.

        Raises:
            StoreError: as for `load`.
        """
        record_id = self.resolve(reference)
        return {
            state_name(file): read_unchanged(self._records / record_id / file, digest)
            for file, digest in self._file_digests(record_id).items()
            if file != RECORD and not holds_outcomes(file)
        }

    def outcomes(self, reference: str) -> Mapping[str, bytes]:
        """The rows kept with a record, by path, compared likewise; without those deleted since.

        Raises:
            StoreError: as for `load`.
        """
        record_id = self.resolve(reference)
        digests = self._file_digests(record_id)
        kept = {
            self._records / record_id / file: digest
            for file, digest in sorted(digests.items())
            if holds_outcomes(file)
        }
        return {
            str(path): read_unchanged(path, digest)
            for path, digest in kept.items()
            if path.exists()
        }

    def salt(self) -> bytes:
        """The salt by which kept rows are named; made when it is first asked for.

        Raises:
            StoreError: it cannot be made or read, or was damaged.
        """
        with self._database.write(), files.writing(self.folder):
            return read_salt(self.folder) or make_salt(self.folder)

    def resolve(self, reference: str) -> str:
        """The whole id that a reference means.

        Raises:
            StoreError: no record, or several, are meant; names the newest few.
        """
        prefix = "" if reference == "latest" else reference.strip()
        with self._database.read() as connection:
            found = queries.select_ids(connection, prefix, LISTED + 1)
            newest = queries.select_ids(connection, "", LISTED)
        if not newest:
            raise StoreError(
                f"The store {self.folder} holds no record.", mend="Run `auditkit audit` first."
            )
        if reference == "latest" or len(found) == 1:
            return found[0]
        listed = ", ".join((found or newest)[:LISTED])
        if not found or not prefix:
            raise StoreError(
                f"The store {self.folder} has no record {reference[:80]!r}.",
                mend=f"The newest are: {listed}.",
            )
        raise StoreError(
            f"Several records begin with {reference[:80]!r}.",
            mend=f"Give more of the id: {listed}{' …' if len(found) > LISTED else ''}.",
        )

    def runs(
        self, which: RunFilter | None = None, *, limit: int = 100, offset: int = 0
    ) -> list[RunSummary]:
        """One page of the list of runs, newest first."""
        with self._database.read() as connection:
            return queries.select_runs(connection, which or RunFilter(), limit, offset)

    def count(self, which: RunFilter | None = None) -> int:
        """How many runs there are that match."""
        with self._database.read() as connection:
            return queries.count_runs(connection, which or RunFilter())

    def find(self, digests: Mapping[str, str], seed: int | None, version: str) -> str | None:
        """Id of a stored run that was the same, so that its verdict stands; None if there is none.

        Args:
            digests: `model`, `data`, `policy`, `configuration`, and any more that must agree. One
                of these four that is not given must be absent from the stored run too.
            seed: of the run.
            version: auditkit's.
        """
        with self._database.read() as connection:
            return queries.select_identical(connection, digests, seed, version)

    def looks(self, model_digest: str) -> int:
        """How many records of this model there are so far.

        Those that were only measured count too: who has seen the numbers has looked.
        """
        with self._database.read() as connection:
            return queries.count_looks(connection, model_digest)

    def models_judged_on(self, data_digest: str) -> int:
        """How many different models were judged on these data so far."""
        with self._database.read() as connection:
            return queries.count_models(connection, data_digest)

    def sight(self, kind: str, digest: str) -> datetime:
        """When the store first saw a digest (`policy`, `data` …); now, if this is the first time.

        Returns:
            An aware time in UTC.
        """
        with self._database.write() as connection:
            return rows.first_sight(connection, kind, digest)

    def sign(self, reference: str, decision: str | SignOff, reason: str, who: str) -> Signature:
        """Append a reviewer's decision to the log.

        Args:
            reference: the record.
            decision: `approve`, `reject` or `comment`.
            reason: why.
            who: the reviewer.

        Raises:
            StoreError: unknown record, a record whose file was changed, an unknown decision, an
                empty reason or name.
        """
        record_id = self.resolve(reference)
        digest = self._record_digest(record_id)
        read_unchanged(self._records / record_id / RECORD, digest, RECORD_BYTES)
        with self._database.write() as connection:
            return rows.append_signature(connection, record_id, digest, decision, reason, who)

    def signatures(self, reference: str) -> tuple[Signature, ...]:
        """What reviewers said about a record, oldest first."""
        record_id = self.resolve(reference)
        with self._database.read() as connection:
            log = rows.signature_log(connection)
        return tuple(signature for signature in log if signature.record == record_id)

    def verify(self) -> tuple[str, ...]:
        """Look for tampering: sentences, empty if all is sound.

        Follows the chain of signatures, compares each file with its digest, and each signed record
        with the digest that was signed.
        """
        with self._database.read() as connection:
            log, known = rows.signature_log(connection), rows.known_ids(connection)
        problems = list(broken_links(log))
        for record_id in sorted(known):
            digests = self._file_digests(record_id)
            problems.extend(_damage(self._records / record_id, digests))
            problems.extend(_differing(record_id, digests.get(RECORD), log))
        strangers = (self._records / stranger for stranger in self._orphans())
        problems.extend(f"{stranger} is no record of this store." for stranger in strangers)
        return tuple(problems)

    def _publish(self, folder: Path, record: AuditRecord, contents: Mapping[str, bytes]) -> None:
        target, ours = self._records / record.id, False
        try:
            with self._database.write() as connection:
                rows.insert_record(connection, record, contents)
                ours = not target.exists()
                files.publish(folder, target)
        except BaseException:
            if ours:
                self._retract(record.id)
            raise

    def _retract(self, record_id: str) -> None:
        """Take back a folder whose rows could not be committed, unless somebody has taken it in."""
        with contextlib.suppress(StoreError), self._database.write() as connection:
            if record_id not in queries.select_ids(connection, record_id, 1):
                files.retract(self._records / record_id)

    def _recover(self) -> None:
        """Clean up after processes that were killed."""
        with files.writing(self._records):
            files.sweep(self._records)
            if not self._orphans():
                return
        with self._database.write() as connection:
            for record_id in self._orphans(connection):
                with contextlib.suppress(StoreError):  # not ours: `verify` names it
                    self._adopt(connection, record_id)

    def _adopt(self, connection: Connection, record_id: str) -> None:
        folder = self._records / record_id
        contents = {path.name: read_limited(path, None) for path in sorted(folder.iterdir())}
        record = decode(read_limited(folder / RECORD, RECORD_BYTES), str(folder / RECORD))
        if record.id == record_id:
            rows.insert_record(connection, record, contents)

    def _orphans(self, connection: Connection | None = None) -> list[str]:
        """Folders with the name of a record that the database does not know."""
        there = {path.name for path in self._records.iterdir() if is_id(path.name)}
        with contextlib.ExitStack() as stack:
            reader = connection or stack.enter_context(self._database.read())
            known = rows.known_ids(reader)
        return sorted(there - known)

    def _record_digest(self, record_id: str) -> str:
        digest = self._file_digests(record_id).get(RECORD)
        if digest is None:
            raise StoreError(
                f"The store {self.folder} has lost the digest of record {record_id}.",
                mend="Restore the store from a backup.",
            )
        return digest

    def _file_digests(self, record_id: str) -> dict[str, str]:
        with self._database.read() as connection:
            return rows.file_digests(connection, record_id)


def _damage(folder: Path, digests: Mapping[str, str]) -> Iterator[str]:
    """Files of a record that are gone, changed, or were put beside."""
    for file, digest in digests.items():
        if holds_outcomes(file) and not (folder / file).exists():
            continue
        try:
            read_unchanged(folder / file, digest)
        except StoreError as error:
            yield error.problem
    if folder.is_dir():
        for path in sorted(folder.iterdir()):
            if path.name not in digests:
                yield f"{path} was not written by auditkit."


def _differing(record_id: str, digest: str | None, log: list[Signature]) -> Iterator[str]:
    for signature in log:
        if signature.record == record_id and signature.record_digest != digest:
            yield f"Record {record_id} differs from what {signature.who} signed."


def _folder(path: str | Path) -> Path:
    text = str(path)
    if "://" in text:
        raise StoreError(
            f"The store {text!r} is a URL; a store is a folder on a local disk.",
            mend="Name a folder with --store.",
        )
    if "\0" in text:
        raise StoreError("The path of the store holds a NUL character.", mend="Check the path.")
    return Path(path).expanduser().resolve()
