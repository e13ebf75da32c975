"""The parts of make_sample.py: writers of formats, drawings, and the texts of the story."""
