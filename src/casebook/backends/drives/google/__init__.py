"""Google Drive: the files behind a link as an inbox, and reports put into a folder."""
