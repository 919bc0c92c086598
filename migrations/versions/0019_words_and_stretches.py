"""Tell searched words that begin alike (SQLite), and find words among the newest or oldest tickets (PostgreSQL).

Revision ID: 0019
Revises: 0018
"""

from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

# What models/search.py asks them for; the first holds nothing of its own.
TERMS = "CREATE VIRTUAL TABLE ticket_search_terms USING fts5vocab(ticket_search, instance)"
STRETCHES = """CREATE INDEX ix_ticket_search_internal ON ticket_search
               USING gin (internal, (ARRAY[ticket_id >> 12]))"""


def upgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute(TERMS)
    else:
        op.execute("DROP INDEX ix_ticket_search_internal")
        op.execute(STRETCHES)


def downgrade():
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE ticket_search_terms")
    else:
        op.execute("DROP INDEX ix_ticket_search_internal")
        op.execute("CREATE INDEX ix_ticket_search_internal ON ticket_search USING gin (internal)")
