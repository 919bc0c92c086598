"""Backup and restore: database and attachments in one tar file, by the database's own online method.

SQLite is copied page by page while others write; PostgreSQL is read by COPY in one repeatable-read transaction, by the
same driver as everything else: no pg_dump is needed, whose version would have to fit the server's. The signing key is
not part of it: ``manifest.json`` says where it is, keep it apart (threat model, rule 70).
"""

import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from contextlib import suppress
from pathlib import Path

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_migrate import upgrade
from sqlalchemy import func, inspect, select, text
from sqlalchemy.exc import SQLAlchemyError

from models.attachment import Attachment, put
from models.base import db, now, session, sqlite_driver
from models.company import Company
from models.people import Contact

from .checking import write_moment

FORMAT = "guichet-backup/1"
SEARCH = "ticket_search"
END = "end.json"  # a file that was cut short has none
KEY = re.compile(r"attachments/([0-9a-f]{2}/[0-9a-f]{32})")
IN_MEMORY = 10_000_000  # bytes


def init_app(app):
    app.cli.add_command(backup)
    app.cli.add_command(restore)


@click.command("backup")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@with_appcontext
def backup(file):
    """Write database and attachments into one tar FILE, while everything goes on."""
    draft = file.with_name(f".{file.name}.{os.getpid()}")
    try:
        with open(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as target:
            with tarfile.open(fileobj=target, mode="w") as tar:
                lost = _write(tar)
            target.flush()
            os.fsync(target.fileno())
        draft.replace(file)
    except OSError as error:
        raise click.ClickException(f"{file} cannot be written: {error.strerror}.") from None
    finally:
        with suppress(FileNotFoundError):
            draft.unlink()
    for name in lost:
        click.echo(f"The attachment {name} is gone from the store.", err=True)
    click.echo(f"{file} holds database and attachments. Keep the key apart: {_place_of_the_key()}", err=True)


def _write(tar) -> list[str]:
    """Fill the tar; returns the names of attachments that are lost."""
    manifest = {"format": FORMAT, "made_at": write_moment(now()), "secret_key": _place_of_the_key()}
    if db.engine.dialect.name == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder) / "guichet.db"
            _copy_sqlite(_sqlite_path(), copy)
            source = _connect(copy)
            (revision,) = source.execute("SELECT version_num FROM alembic_version").fetchone()
            keys = source.execute("SELECT storage_key, name FROM attachments ORDER BY id").fetchall()
            source.close()
            _add_json(tar, "manifest.json", {**manifest, "database": "sqlite", "revision": revision})
            tar.add(copy, "guichet.db")
    else:
        with db.engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection:
            revision = connection.scalar(text("SELECT version_num FROM alembic_version"))
            _add_json(tar, "manifest.json", {**manifest, "database": "postgresql", "revision": revision})
            _dump_postgresql(connection, tar)
            keys = connection.execute(select(Attachment.storage_key, Attachment.name).order_by(Attachment.id)).all()
    lost = [name for key, name in keys if not _add_file(tar, key)]
    _add_json(tar, END, {})
    return lost


def _copy_sqlite(source: Path | str, target: Path | str):
    origin, copy = _connect(source), _connect(target)
    try:
        origin.backup(copy)
    finally:
        origin.close()
        copy.close()


def _connect(path):
    return sqlite_driver().connect(str(path), timeout=20)


def _sqlite_path() -> str:
    return db.engine.url.database


def _dump_postgresql(connection, tar):
    """Each table as the server writes it, and where the counters of ids stand."""
    cursor = connection.connection.driver_connection.cursor()
    for table, columns in _tables(connection).items():
        with tempfile.SpooledTemporaryFile(IN_MEMORY) as rows:
            with cursor.copy(f"COPY {_quoted(table)} ({', '.join(map(_quoted, columns))}) TO STDOUT") as copy:
                for piece in copy:
                    rows.write(piece)
            _add_json(tar, f"postgresql/{table}.json", {"columns": columns})
            _add_stream(tar, f"postgresql/{table}.copy", rows)
    counters = connection.execute(text("SELECT sequencename, last_value FROM pg_sequences WHERE schemaname = 'public'"))
    _add_json(tar, "postgresql.counters.json", {name: last for name, last in counters if last})


def _tables(connection) -> dict[str, list[str]]:
    """{table: columns} of ours, each table after those that it refers to."""
    seen = inspect(connection)
    there = set(seen.get_table_names())
    names = [table.name for table in db.metadata.sorted_tables if table.name in there]
    return {name: [column["name"] for column in seen.get_columns(name)] for name in [*names, SEARCH]}


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _add_file(tar, key: str) -> bool:
    try:
        stored = Attachment(storage_key=key).open()
    except FileNotFoundError:
        return False
    with stored, tempfile.SpooledTemporaryFile(IN_MEMORY) as copy:
        shutil.copyfileobj(stored, copy)
        _add_stream(tar, f"attachments/{key}", copy)
    return True


def _add_stream(tar, name, stream):
    info = tarfile.TarInfo(name)
    info.size, info.mtime, info.mode = stream.tell(), int(now().timestamp()), 0o600
    stream.seek(0)
    tar.addfile(info, stream)


def _add_json(tar, name, value):
    stream = io.BytesIO()
    stream.write(json.dumps(value, indent=1).encode())
    _add_stream(tar, name, stream)


def _place_of_the_key() -> str:
    if "SECRET_KEY" in os.environ:
        return "the setting SECRET_KEY of this installation"
    return str(Path(current_app.config["DATA_DIR"]) / "secret_key")


@click.command("restore")
@click.argument("file", type=click.File("rb"))
@click.option("--replace", is_flag=True, help="Also where the database holds something: all of it is lost.")
@with_appcontext
def restore(file, replace):
    """Bring database and attachments back from a backup FILE, into an empty database of the same kind."""
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            manifest = _manifest(tar)
            if tar.getnames()[-1] != END:
                raise click.ClickException("The file is no whole backup: its end is missing.")
            if manifest["database"] != db.engine.dialect.name:
                raise click.ClickException(
                    f"The backup is of {manifest['database']}, this database is {db.engine.dialect.name}: "
                    "to change from one to the other, use export and import."
                )
            if _filled() and not replace:
                raise click.ClickException("The database is not empty. With --replace, what it holds is lost.")
            session.remove()
            (_restore_sqlite if manifest["database"] == "sqlite" else _restore_postgresql)(tar, manifest)
            files = _restore_files(tar)
    except (tarfile.TarError, EOFError) as error:
        raise click.ClickException(f"The file is no whole backup: {error}") from None
    upgrade()
    click.echo(f"Restored the state of {manifest['made_at']} and {files} attached files.", err=True)
    click.echo(f"Links in mails sent before work with the same key only: {manifest['secret_key']}", err=True)


def _manifest(tar) -> dict:
    first = tar.next()
    stream = tar.extractfile(first) if first and first.name == "manifest.json" else None
    try:
        manifest = json.load(stream) if stream else {}
    except ValueError:
        manifest = {}
    if manifest.get("format") != FORMAT:
        raise click.ClickException("The file is no backup of Guichet.")
    return manifest


def _filled() -> bool:
    try:
        return any(session.scalar(select(func.count()).select_from(model)) for model in (Company, Contact))
    except SQLAlchemyError:  # no tables yet
        return False
    finally:
        session.rollback()


def _restore_sqlite(tar, manifest):
    """The copy is examined before a byte of the database is touched."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "guichet.db"
        with tar.extractfile("guichet.db") as source, copy.open("wb") as target:
            shutil.copyfileobj(source, target)
        connection = _connect(copy)
        try:
            (found,) = connection.execute("PRAGMA integrity_check").fetchone()
        except sqlite_driver().DatabaseError as error:
            found = str(error)
        connection.close()
        if found != "ok":
            raise click.ClickException(f"The database in the backup is damaged: {found}")
        db.engine.dispose()
        _copy_sqlite(copy, _sqlite_path())


def _restore_postgresql(tar, manifest):
    """Build the schema as it was, then let the server read its own rows, in one transaction."""
    with db.engine.begin() as connection:
        connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        connection.exec_driver_sql("CREATE SCHEMA public")
    upgrade(revision=manifest["revision"])
    with db.engine.begin() as connection:
        cursor = connection.connection.driver_connection.cursor()
        for name in [name for name in tar.getnames() if re.fullmatch(r"postgresql/\w+\.copy", name)]:
            table = Path(name).stem
            columns = json.load(tar.extractfile(f"postgresql/{table}.json"))["columns"]
            with cursor.copy(f"COPY {_quoted(table)} ({', '.join(map(_quoted, columns))}) FROM STDIN") as copy:
                rows = tar.extractfile(name)
                while piece := rows.read(IN_MEMORY):
                    copy.write(piece)
        for name, last in json.load(tar.extractfile("postgresql.counters.json")).items():
            connection.execute(text("SELECT setval(CAST(:name AS regclass), :last)"), {"name": name, "last": last})


def _restore_files(tar) -> int:
    count = 0
    for member in tar.getmembers():
        if member.isfile() and (found := KEY.fullmatch(member.name)):
            with tar.extractfile(member) as source:
                put(found[1], source)
            count += 1
    return count
