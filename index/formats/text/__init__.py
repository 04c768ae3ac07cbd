"""Files that are text: plain, in Markdown and other markup, code, data and subtitles."""
