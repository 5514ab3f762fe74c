"""The store on a PostgreSQL server: loaded only for a store whose name is a URL."""
