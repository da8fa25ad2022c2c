"""What happens to every request before any application sees it: transport, proxies, headers, form tokens."""
