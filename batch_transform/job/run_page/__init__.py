"""The page of a run, `_report.html`: one HTML file that anybody can read in a browser.

A pure function of what is known of the run. The page has no script and loads nothing: it can be kept, mailed, and
opened from the S3 console.
"""
