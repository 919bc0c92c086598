"""saved views, chosen columns, and what is done with many tickets"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade():
    op.add_column("users", sa.Column("list_columns", sa.String(length=200), nullable=True))
    op.create_table(
        "saved_views",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=False),
        sa.Column("company_id", sa.Integer(), nullable=True),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["company_id"], ["companies.id"], name=op.f("fk_saved_views_company_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["owner_id"], ["users.id"], name=op.f("fk_saved_views_owner_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_saved_views")),
    )
    op.create_index(op.f("ix_saved_views_company_id"), "saved_views", ["company_id"])
    op.create_index(op.f("ix_saved_views_owner_id"), "saved_views", ["owner_id"])
    op.create_table(
        "bulk_actions",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("by_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("deed", sa.String(length=10), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cancelled", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["by_id"], ["users.id"], name=op.f("fk_bulk_actions_by_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_bulk_actions")),
    )
    op.create_index(op.f("ix_bulk_actions_by_id"), "bulk_actions", ["by_id"])
    op.create_index(op.f("ix_bulk_actions_finished_at"), "bulk_actions", ["finished_at"])
    op.create_table(
        "bulk_items",
        sa.Column("action_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(length=5), nullable=False),
        sa.Column("why", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["action_id"], ["bulk_actions.id"], name=op.f("fk_bulk_items_action_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("action_id", "ticket_id", name=op.f("pk_bulk_items")),
    )
    op.create_index("ix_bulk_items_action_id_state", "bulk_items", ["action_id", "state"])


def downgrade():
    op.drop_table("bulk_items")
    op.drop_table("bulk_actions")
    op.drop_table("saved_views")
    op.drop_column("users", "list_columns")
