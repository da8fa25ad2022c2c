"""The demo data: what documents and samples ask for by key or content, and enough more to look like a business.

Everything is fixed: keys, texts and times are the same in every instance (API-115 to API-118).
"""
