"""closing the backlog of a new rule without mail, and finding what was forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade():
    op.add_column("teams", sa.Column("quiet_until", sa.DateTime(timezone=True), nullable=True))
    waiting = sa.text("waiting_since IS NOT NULL")
    op.create_index(
        "ix_tickets_forgotten", "tickets", ["team_id", "waiting_since"], sqlite_where=waiting, postgresql_where=waiting
    )


def downgrade():
    op.drop_index("ix_tickets_forgotten", table_name="tickets")
    op.drop_column("teams", "quiet_until")
