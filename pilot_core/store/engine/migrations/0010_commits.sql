-- Each transaction takes a number; on DuckDB the last one is also kept beside the file, so that lost commits are noticed.
CREATE SEQUENCE commit_number;
