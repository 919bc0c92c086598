"""an index of the tickets that wait for our answer"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade():
    waiting = sa.text("waiting_since IS NOT NULL")
    op.create_index(
        "ix_tickets_waiting", "tickets", ["team_id", "stage_id"], sqlite_where=waiting, postgresql_where=waiting
    )


def downgrade():
    op.drop_index("ix_tickets_waiting", table_name="tickets")
