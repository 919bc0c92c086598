"""Alembic's way into the application: one set of steps for SQLite and PostgreSQL, in one transaction."""

from alembic import context

from models.base import db

SEARCH = "ticket_search"  # full-text tables differ between the databases and are made by hand


def include_object(thing, name, kind, reflected, compare_to):
    return not (kind == "table" and name.startswith(SEARCH))


def include_name(name, kind, parents):
    return not (kind in ("table", "index") and name and SEARCH in name)


def foreign_keys(connection, on: bool):
    """Rebuilding a table on SQLite would delete the rows that refer to it, were foreign keys on meanwhile."""
    if connection.dialect.name == "sqlite":
        connection.connection.dbapi_connection.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def check_foreign_keys(connection):
    if connection.dialect.name == "sqlite" and (broken := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        raise RuntimeError(f"the migration would leave {len(broken)} rows that refer to nothing: {broken[:5]}")


def run():
    with db.engine.connect() as connection:
        foreign_keys(connection, on=False)
        try:
            context.configure(
                connection=connection,
                target_metadata=db.metadata,
                include_object=include_object,
                include_name=include_name,
                render_as_batch=True,
                compare_type=True,
            )
            with context.begin_transaction():
                if connection.dialect.name == "postgresql":
                    # Two machines that start at once migrate one after the other.
                    connection.exec_driver_sql("SELECT pg_advisory_xact_lock(7117)")
                context.run_migrations()
                check_foreign_keys(connection)
        finally:
            foreign_keys(connection, on=True)


run()
