"""Boards: which widgets they show, and how those are drawn on a page."""
