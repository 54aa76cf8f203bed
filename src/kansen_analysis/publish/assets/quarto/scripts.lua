-- Runs after the site is made and repairs, without scripts in the browser, what Quarto has no setting
-- for: scripts and styles that no page of ours uses, landmarks without a name, the way past the menu.
-- Its search cannot read its index from disk, nests links in options and glues words together; ours is
-- made here from the pages. Scripts that stand in a page become files, so that a page can say what it runs.

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
<div class="search-found"><p id="zoek-stand" class="search-state" role="status"></p><ol class="search-results" hidden></ol></div>
</form>]]

-- as in embedded.py
local POLICY = "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; "
  .. "img-src 'self' file: data:; font-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'"

-- opening tag, what to put into it
local NAMES = {
  { '<nav class="quarto%-secondary%-nav"', 'aria-label="Balk boven de pagina"' },
  { '<nav id="quarto%-sidebar"', 'aria-label="Hoofdmenu"' },
  { '<nav id="TOC"', 'aria-label="Op deze pagina"' },
  { '<nav class="page%-navigation"', 'aria-label="Vorige en volgende pagina"' },
}

local function titled(figure)
  if not figure:match('<div class="kansen%-block') then
    return nil
  end
  local caption = figure:match("<figcaption.-</figcaption>")
  if not caption then
    return nil
  end
  local number, rest = caption:match(">%s*(%a+&nbsp;%d+)(.-)%s*</figcaption>")
  if not number then
    return nil
  end
  local id = caption:match(' id="([^"]+)"')
  local shown = ('<figcaption%s class="kansen-number-only">%s<span class="visually-hidden">%s</span></figcaption>')
    :format(id and (' id="%s"'):format(id) or "", number, rest)
  figure = figure:gsub("%s*<figcaption.-</figcaption>", "", 1)
  return (figure:gsub("(<figure[^>]*>)", function(opening) return opening .. "\n" .. shown end, 1))
end

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
  text = text:gsub('<div id="quarto%-search"[^>]*></div>', "")
  -- what kind of callout it is, read before its title
  text = text:gsub('(<span class="screen%-reader%-only">[^<]-)(</span>)', "%1: %2")
  -- a figure or table that has a title of its own shows its number; the caption is for who cannot see it
  text = text:gsub('(<figure class="quarto%-float.-</figure>)', titled)
  local root = text:match('<meta name="quarto:offset" content="([^"]*)">') or ""
  text = text:gsub("<body ", ('<body data-root="%s" '):format(root), 1)
  -- at the top of the page at every width: in the menu a phone could not reach it
  text = text:gsub('(<a class="skip%-link".-</a>)', function(link)
    return ('%s<div class="kansen-top">%s</div>'):format(link, SEARCH)
  end, 1)
  text = text:gsub("</head>", ('<script src="%sassets/site.js" defer></script>\n</head>'):format(root), 1)
  text = text:gsub("<script([^>]*)>(.-)</script>", function(attributes, body)
    if attributes:match("src=") or attributes:match("json") or not body:match("%S") then
      return nil
    end
    local name = ("assets/inline-%s.js"):format(pandoc.utils.sha1(body):sub(1, 10))
    pandoc.system.make_directory(out .. "/assets", true)
    write(out .. "/" .. name, body)
    return ('<script%s src="%s%s"></script>'):format(attributes, root, name)
  end)
  local meta = ('<meta http-equiv="Content-Security-Policy" content="%s">'):format(POLICY)
  return (text:gsub("(<head>\n?)", function(head) return head .. meta .. "\n" end, 1))
end

-- Search -------------------------------------------------------------------------------------

-- no sentences stand here
local QUIET = { ["kansen-source"] = true, ["kansen-links"] = true, ["kansen-legend"] = true,
  ["kansen-hidden"] = true, ["visually-hidden"] = true, ["screen-reader-only"] = true }

local function quiet(el)
  for _, class in ipairs(el.classes) do
    if QUIET[class] then
      return true
    end
  end
end

local function said(block)
  local bare = block:walk({ Span = function(el) if quiet(el) then return {} end end })
  return pandoc.utils.stringify(bare)
end

local function sections(page, text)
  local main = text:match("<main.->(.*)</main>") or ""
  for _, tag in ipairs({ "svg", "table", "nav", "script", "summary" }) do
    main = main:gsub(("<%s[ >].-</%s>"):format(tag, tag), " ")
  end
  -- of a paragraph pandoc does not read the class
  main = main:gsub('<p class="kansen%-source">.-</p>', ""):gsub('<p class="kansen%-l.-</p>', "")
  main = main:gsub('<figcaption[^>]*class="kansen%-number%-only">.-</figcaption>', "")
  local found, title = { { page, "", "", {} } }, ""
  pandoc.read(main, "html"):walk({
    traverse = "topdown",
    Div = function(el) if quiet(el) then return {}, false end end,
    Header = function(el)
      if el.level == 1 then
        title = said(el)
      elseif el.level < 4 and el.identifier ~= "" then
        found[#found + 1] = { page .. "#" .. el.identifier, "", said(el), {} }
      else
        table.insert(found[#found][4], said(el))
      end
      return el, false
    end,
    Para = function(el) table.insert(found[#found][4], said(el)) return el, false end,
    Plain = function(el) table.insert(found[#found][4], said(el)) return el, false end,
  })
  local entries = {}
  for _, each in ipairs(found) do
    each[2], each[4] = title, (table.concat(each[4], " "):gsub("%s+", " "))
    if each[4]:match("%S") or each[3] ~= "" then
      entries[#entries + 1] = each
    end
  end
  return entries
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

local entries = {}
for path in (os.getenv("QUARTO_PROJECT_OUTPUT_FILES") or ""):gmatch("[^\r\n]+") do
  if path:match("%.html$") then
    local text = read(path)
    local better = repaired(text)
    if better ~= text then
      write(path, better)
    end
    local page = pandoc.path.make_relative(path, out):gsub("\\", "/")
    for _, entry in ipairs(sections(page, better)) do
      entries[#entries + 1] = entry
    end
  end
end
pandoc.system.make_directory(out .. "/assets", true)
write(out .. "/assets/search-index.js", "window.kansenSearch=" .. pandoc.json.encode(entries) .. ";\n")
write(out .. "/assets/site.js", read(here .. "/../site.js"))
os.remove(out .. "/search.json")

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
