"""The whole ledger: processes that decide it, outcomes, and the page that shows them."""
