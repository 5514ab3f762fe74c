"""The agreement of every process that opens the store: file, migrations, transactions, events."""
