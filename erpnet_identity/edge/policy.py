"""What a page may load and where its forms may go (ID-04, OP-76, OP-80, OP-230). Pure."""

# Everything a page of ours needs comes from ourselves; scripts and styles are files, never written into a page.
_LOADS = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
_LOADS += "connect-src 'self'; "
_STANDS = "base-uri 'none'; frame-ancestors 'none'"
CONTENT_SECURITY_POLICY = f"{_LOADS}form-action 'self'; {_STANDS}"
# Of a page whose address holds something that nobody else may learn: only our host is told (OP-230). Never
# `no-referrer` on a page with a form: with it browsers send the form with `Origin: null`, which we refuse as a forgery,
# and so do many applications (Fetch, "append a request `Origin` header").
ORIGIN_ONLY = "strict-origin"
# Of an answer that leads to another site at once.
NO_REFERRER = "no-referrer"
# Of a page whose form leads to an application, at once or through redirects of ours. Chromium holds every redirect that
# follows a form against `form-action`, those of the application included, and stops without a word at the first that
# does not fit. Where an application goes on to, such as a broker to a program on the person's own device, is its own
# business and not known here: so these pages say nothing about it, and all the rest stays (OP-76, ID-57).
LEADING_AWAY = f"{_LOADS}{_STANDS}"
