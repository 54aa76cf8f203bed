-- Runs after the site is made and repairs, without scripts in the browser, what Quarto has no setting
-- for: scripts and styles that no page of ours uses, landmarks without a name, the way past the menu.
-- Its search cannot read its index from disk and nests links in options; the index goes to ours.

local out = os.getenv("QUARTO_PROJECT_OUTPUT_DIR") or "."
local here = (PANDOC_SCRIPT_FILE or arg[0]):match("^(.*)[/\\]") or "."

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

-- Pages --------------------------------------------------------------------------------------

-- For a notebook with an HTML output Quarto adds scripts of Jupyter widgets that a browser would
-- fetch from outside; the others serve hovering and copying, which are off.
local UNUSED = {
  '<script [^>]*src="https://cdn%.jsdelivr%.net/npm/requirejs[^>]*></script>\n?',
  '<script [^>]*src="https://cdn%.jsdelivr%.net/npm/jquery[^>]*></script>\n?',
  "<script [^>]*>define%('jquery'[^\n]-</script>\n?",
  '<script src="[^"]*/popper%.min%.js"></script>\n?',
  '<script src="[^"]*/tippy%.umd%.min%.js"></script>\n?',
  '<script src="[^"]*/clipboard%.min%.js"></script>\n?',
  '<link href="[^"]*/tippy%.css" rel="stylesheet">\n?',
  '<script src="[^"]*/quarto%-search/[^"]*"></script>\n?',
  '<script id="quarto%-search%-options".-</script>\n?',
  '<div id="quarto%-search%-results"></div>\n?',
  '<button type="button" class="btn quarto%-search%-button".-</button>\n?',
  -- an empty link that does what the button before it does
  '<a class="flex%-grow%-1" role="navigation".-</a>',
}

-- as in page.html, for the script that both engines use
local SEARCH = [[
<form class="search" role="search" aria-label="Zoeken in de monitor" hidden>
<label for="zoek">Zoeken</label>
<input id="zoek" type="search" autocomplete="off" aria-describedby="zoek-stand">
<p id="zoek-stand" class="search-state" role="status"></p>
<ol class="search-results" hidden></ol>
</form>]]

-- opening tag, what to put into it
local NAMES = {
  { '<nav class="quarto%-secondary%-nav"', 'aria-label="Balk boven de pagina"' },
  { '<nav id="quarto%-sidebar"', 'aria-label="Hoofdmenu"' },
  { '<nav id="TOC"', 'aria-label="Op deze pagina"' },
  { '<nav class="page%-navigation"', 'aria-label="Vorige en volgende pagina"' },
}

local function repaired(text)
  for _, pattern in ipairs(UNUSED) do
    text = text:gsub(pattern, "")
  end
  for _, each in ipairs(NAMES) do
    text = text:gsub("(" .. each[1] .. ")", "%1 " .. each[2])
  end
  -- the same breadcrumbs stand in the bar for phones and above the title
  local crumbs = 0
  text = text:gsub('(<nav class="quarto%-page%-breadcrumbs[^>]-) aria%-label="[^"]*"', function(tag)
    crumbs = crumbs + 1
    return ('%s aria-label="%s"'):format(tag, crumbs == 1 and "Kruimelpad" or "Kruimelpad boven de titel")
  end)
  text = text:gsub(' append%-hash="true"', "")
  -- links that fold the menu are buttons
  text = text:gsub('(<a [^>]-)role="navigation"', '%1role="button" tabindex="0"')
  -- a page opened from disk has no server that makes a folder into its first page
  text = text:gsub('href="([./]*/)"', 'href="%1index.html"')
  -- the way past the menu comes first; Quarto puts what is included behind it
  local skip
  text = text:gsub('<a class="skip%-link".-</a>\n?', function(link)
    skip = skip or link
    return ""
  end)
  if skip then
    text = text:gsub("(<body[^>]*>\n?)", function(body) return body .. skip end, 1)
    text = text:gsub("<main ", '<main tabindex="-1" ', 1)
  end
  local searched
  text, searched = text:gsub('<div id="quarto%-search"[^>]*></div>', SEARCH)
  if searched > 0 then
    local root = text:match('<meta name="quarto:offset" content="([^"]*)">') or ""
    text = text:gsub("<body ", ('<body data-root="%s" '):format(root), 1)
    text = text:gsub("</head>", ('<script src="%sassets/site.js" defer></script>\n</head>'):format(root), 1)
  end
  return text
end

local index = out .. "/search.json"
if pcall(read, index) then
  local entries = {}
  for _, entry in ipairs(pandoc.json.decode(read(index), false)) do
    local text = entry.text:gsub("^Naar de inhoud%s+", ""):gsub("%s+", " ")
    entries[#entries + 1] = { entry.href, entry.title, entry.section, text }
  end
  pandoc.system.make_directory(out .. "/assets", true)
  write(out .. "/assets/search-index.js", "window.kansenSearch=" .. pandoc.json.encode(entries) .. ";\n")
  write(out .. "/assets/site.js", read(here .. "/../site.js"))
  os.remove(index)
end

local words = {} -- every word that a class name could be
local function collect(text)
  for word in text:gmatch("[%w_-]+") do
    words[word] = true
  end
end

local styles = {}
local function walk(folder)
  for _, name in ipairs(pandoc.system.list_directory(folder)) do
    local path = folder .. "/" .. name
    if name:match("%.html$") or name:match("%.js$") then
      if name ~= "search-index.js" then
        collect(read(path))
      end
    elseif name:match("%.css$") then
      styles[#styles + 1] = path
    elseif not name:match("search$") and pcall(pandoc.system.list_directory, path) then
      walk(path)
    end
  end
end

for path in (os.getenv("QUARTO_PROJECT_OUTPUT_FILES") or ""):gmatch("[^\r\n]+") do
  if path:match("%.html$") then
    local text = read(path)
    local better = repaired(text)
    if better ~= text then
      write(path, better)
    end
  end
end

-- Styles: of Bootstrap and its icons, only the rules that a page or a script can use ------------

local function used(selector)
  local bare = selector:gsub("%b()", ""):gsub("%b[]", "")
  for class in bare:gmatch("%.([%a_-][%w_-]*)") do
    if not words[class] then
      return false
    end
  end
  return true
end

local function kept(selectors)
  local list, depth, from = {}, 0, 1
  for at = 1, #selectors + 1 do
    local sign = selectors:sub(at, at)
    if sign == "(" or sign == "[" then
      depth = depth + 1
    elseif sign == ")" or sign == "]" then
      depth = depth - 1
    elseif (sign == "," or sign == "") and depth == 0 then
      local one = selectors:sub(from, at - 1)
      if used(one) then
        list[#list + 1] = one
      end
      from = at + 1
    end
  end
  return table.concat(list, ",")
end

local function purged(css)
  local parts, at = {}, 1
  while true do
    local open = css:find("{", at, true)
    if not open then
      parts[#parts + 1] = css:sub(at)
      return table.concat(parts)
    end
    local head = css:sub(at, open - 1)
    local block = css:match("^%b{}", open)
    if not block then
      error("a style sheet without a closing brace")
    end
    local statement, selectors = head:match("^(.*;)(.*)$") -- @charset and @import
    selectors = selectors or head
    parts[#parts + 1] = statement or ""
    if selectors:match("^%s*@media") or selectors:match("^%s*@supports") then
      local inner = purged(block:sub(2, -2))
      if inner:match("%S") then
        parts[#parts + 1] = selectors .. "{" .. inner .. "}"
      end
    elseif selectors:match("^%s*@") then
      parts[#parts + 1] = selectors .. block
    else
      local list = kept(selectors)
      if list:match("%S") then
        parts[#parts + 1] = list .. block
      end
    end
    at = open + #block
  end
end

walk(out)
for _, path in ipairs(styles) do
  if path:match("[/\\]bootstrap[/\\]") then
    write(path, purged(read(path):gsub("/%*.-%*/", "")))
  end
end
