"""where those begin who come later to a team that names no members"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade():
    op.create_table(
        "head_starts",
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.Integer(), nullable=False),
        sa.Column("tickets", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["teams.id"], name=op.f("fk_head_starts_team_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_head_starts_user_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("team_id", "user_id", name=op.f("pk_head_starts")),
    )
    op.create_index(op.f("ix_head_starts_user_id"), "head_starts", ["user_id"])


def downgrade():
    op.drop_index(op.f("ix_head_starts_user_id"), table_name="head_starts")
    op.drop_table("head_starts")
