"""Index the columns of a board that is narrowed to one assignee.

Revision ID: 0018
Revises: 0017
"""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade():
    op.create_index("ix_tickets_own_board", "tickets", ["team_id", "assignee_id", "stage_id", "priority", "rank", "id"])


def downgrade():
    op.drop_index("ix_tickets_own_board", "tickets")
