"""Google's Gemini API, as callers speak it. Source: Google's API reference (generateContent,
countTokens, Content, Schema, thought signatures), its proto JSON mapping, google-genai 3.6 for
Python and recordings of Gemini CLI 0.61.

The model and what is to be done with it stand in the address, not in the body.
"""
