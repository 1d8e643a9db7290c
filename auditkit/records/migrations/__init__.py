"""How the tables of a store came to be: one file a step, run by Alembic when a store is opened."""
