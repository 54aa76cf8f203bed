"""The bench: how often is the method wrong, in invented worlds where the truth is known?

`cases` says what is drawn, `peers` what others would have found on the same schools, `running`
draws it on all cores or a Dask cluster and goes on where it stopped, `figures` counts, and
`command` is ``python -m bench``. The results are in ``bench_results.json``.
"""
