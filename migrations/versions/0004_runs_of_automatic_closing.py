"""a run remembers its tickets as they were"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

MOMENT = sa.DateTime(timezone=True)


def upgrade():
    op.create_table(
        "batch_tickets",
        sa.Column("batch_id", sa.Integer(), nullable=False),
        sa.Column("ticket_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("restored", sa.Boolean(), nullable=False),
        sa.Column("stage_id", sa.Integer(), nullable=True),
        sa.Column("active_at", MOMENT, nullable=False),
        sa.Column("stage_changed_at", MOMENT, nullable=False),
        sa.Column("rank", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["batches.id"], name=op.f("fk_batch_tickets_batch_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["ticket_id"], ["tickets.id"], name=op.f("fk_batch_tickets_ticket_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["stage_id"], ["stages.id"], name=op.f("fk_batch_tickets_stage_id"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("batch_id", "ticket_id", name=op.f("pk_batch_tickets")),
    )
    op.create_index(op.f("ix_batch_tickets_ticket_id"), "batch_tickets", ["ticket_id"])
    with op.batch_alter_table("batches") as batches:
        batches.add_column(sa.Column("stage_id", sa.Integer(), nullable=True))
        batches.add_column(sa.Column("ended_at", MOMENT, nullable=True))
        batches.add_column(sa.Column("size", sa.Integer(), nullable=False, server_default="0"))
        batches.add_column(sa.Column("undone_by_id", sa.Integer(), nullable=True))
        batches.add_column(sa.Column("restored", sa.Integer(), nullable=False, server_default="0"))
        batches.create_foreign_key(op.f("fk_batches_stage_id"), "stages", ["stage_id"], ["id"], ondelete="SET NULL")
        batches.create_foreign_key(op.f("fk_batches_undone_by_id"), "contacts", ["undone_by_id"], ["id"])
    op.execute(
        """INSERT INTO batch_tickets (batch_id, ticket_id, at, restored, stage_id, active_at, stage_changed_at, rank)
           SELECT batch_id, ticket_id, closings.at, false, from_stage_id, coalesce(active_before, closings.at),
                  coalesce(active_before, closings.at), rank
           FROM closings JOIN tickets ON tickets.id = closings.ticket_id WHERE batch_id IS NOT NULL"""
    )
    op.execute(
        """UPDATE batches SET ended_at = at,
           size = (SELECT count(*) FROM batch_tickets WHERE batch_id = batches.id),
           stage_id = (SELECT min(tickets.stage_id) FROM tickets JOIN batch_tickets ON ticket_id = tickets.id
                       WHERE batch_id = batches.id)"""
    )
    with op.batch_alter_table("batches") as batches:
        batches.alter_column("ended_at", existing_type=MOMENT, nullable=False)
        batches.alter_column("size", existing_type=sa.Integer(), server_default=None)
        batches.alter_column("restored", existing_type=sa.Integer(), server_default=None)
    with op.batch_alter_table("closings") as closings:
        closings.drop_index(op.f("ix_closings_batch_id"))
        closings.drop_constraint(op.f("fk_closings_batch_id"), type_="foreignkey")
        closings.drop_column("batch_id")
        closings.drop_column("active_before")


def downgrade():
    with op.batch_alter_table("closings") as closings:
        closings.add_column(sa.Column("batch_id", sa.Integer(), nullable=True))
        closings.add_column(sa.Column("active_before", MOMENT, nullable=True))
        closings.create_foreign_key(op.f("fk_closings_batch_id"), "batches", ["batch_id"], ["id"], ondelete="SET NULL")
        closings.create_index(op.f("ix_closings_batch_id"), ["batch_id"])
    for column, value in (("batch_id", "max(batch_id)"), ("active_before", "max(active_at)")):
        op.execute(
            f"""UPDATE closings SET {column} = (SELECT {value} FROM batch_tickets
                WHERE ticket_id = closings.ticket_id AND at = closings.at)"""  # noqa: S608
        )
    op.drop_table("batch_tickets")
    with op.batch_alter_table("batches") as batches:
        batches.drop_constraint(op.f("fk_batches_undone_by_id"), type_="foreignkey")
        batches.drop_constraint(op.f("fk_batches_stage_id"), type_="foreignkey")
        for name in ("stage_id", "ended_at", "size", "undone_by_id", "restored"):
            batches.drop_column(name)
