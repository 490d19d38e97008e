"""The live page, `koubei app`: a visitor moves levers and sees what becomes of the pyramid.

`server` opens the door (address, token, who may ask), `page` lays out what a visitor sees, and all
else is plain code that knows nothing of pages: `levers` (what can be moved), `design` (settings,
checked, as scenarios and as Python), `desk` (one visitor's runs), `answers` (what runs say).
Called by the command line; needs the extra ``app`` to be served, and only then.
"""
