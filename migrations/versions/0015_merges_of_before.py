"""rows for the tickets that were merged before merges were remembered; they name what an undo finds nowhere else"""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade():
    op.execute(
        """INSERT INTO mergings (ticket_id, at, by_id, stage_id, changes)
           SELECT tickets.id, COALESCE(closings.at, tickets.last_activity_at), closings.by_id, closings.from_stage_id, '{}'
           FROM tickets LEFT JOIN closings ON closings.ticket_id = tickets.id WHERE merged_into_id IS NOT NULL
           ORDER BY tickets.id"""
    )
    op.execute(
        """INSERT INTO merged_paths (ticket_id, into_id, since)
           WITH RECURSIVE paths (ticket_id, into_id, since) AS (
               SELECT tickets.id, tickets.merged_into_id, mergings.at
               FROM tickets JOIN mergings ON mergings.ticket_id = tickets.id
               UNION ALL
               SELECT paths.ticket_id, tickets.merged_into_id,
                      CASE WHEN paths.since > mergings.at THEN paths.since ELSE mergings.at END
               FROM paths JOIN tickets ON tickets.id = paths.into_id JOIN mergings ON mergings.ticket_id = tickets.id
           )
           SELECT ticket_id, into_id, since FROM paths"""
    )


def downgrade():
    op.execute("DELETE FROM merged_paths")
    op.execute("DELETE FROM mergings")
