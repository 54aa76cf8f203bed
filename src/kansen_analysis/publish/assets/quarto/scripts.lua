-- Runs after the site is made. For a notebook with an HTML output Quarto adds scripts of Jupyter
-- widgets (requirejs, jquery) that a browser would fetch from outside; no page of ours has widgets,
-- and Quarto has no setting for it, so they are taken out.

local function without_widget_scripts(text)
  text = text:gsub('<script [^>]*src="https://cdn%.jsdelivr%.net/npm/requirejs[^>]*></script>\n?', "")
  text = text:gsub('<script [^>]*src="https://cdn%.jsdelivr%.net/npm/jquery[^>]*></script>\n?', "")
  text = text:gsub("<script [^>]*>define%('jquery'[^\n]-</script>\n?", "")
  return text
end

for path in (os.getenv("QUARTO_PROJECT_OUTPUT_FILES") or ""):gmatch("[^\r\n]+") do
  if path:match("%.html$") then
    local file = assert(io.open(path, "rb"))
    local text = file:read("a")
    file:close()
    local cleaned = without_widget_scripts(text)
    if cleaned ~= text then
      file = assert(io.open(path, "wb"))
      file:write(cleaned)
      file:close()
    end
  end
end
