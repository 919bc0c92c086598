"""when a ticket and a team last changed, for the boards that watch them"""

import sqlalchemy as sa
from alembic import op

import models.base

revision = "0008"
down_revision = "0007"


def upgrade():
    op.add_column("tickets", sa.Column("changed_at", models.base.UtcDateTime(timezone=True), nullable=True))
    op.add_column("teams", sa.Column("changed_at", models.base.UtcDateTime(timezone=True), nullable=True))
    op.create_index("ix_tickets_changed", "tickets", ["team_id", "changed_at"])


def downgrade():
    op.drop_index("ix_tickets_changed", table_name="tickets")
    op.drop_column("teams", "changed_at")
    op.drop_column("tickets", "changed_at")
