"""What a study asks: values and ranges, points, priors, how many replicates, and the plan of runs.

Nothing here runs a model.  Called by the rooms beside it and by people.
"""
