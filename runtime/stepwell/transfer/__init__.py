"""Objects in S3, or files in a folder: read and written by the thousand, or by the gigabyte."""
