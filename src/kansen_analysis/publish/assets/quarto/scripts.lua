-- Runs after the site is made: puts what Quarto made of a page into the frame that both engines share
-- (page.html), with the styles and the script of the embedded engine. So its pages need none of
-- Quarto's own scripts and styles, fetch nothing, open from disk, and look and print as the others do.
-- Its search cannot read its index from disk, nests links in options and glues words together; ours is
-- made here from the pages.

local out = os.getenv("QUARTO_PROJECT_OUTPUT_DIR") or "."
local here = (PANDOC_SCRIPT_FILE or arg[0]):match("^(.*)[/\\]") or "."
local MENU_MOST = 12 -- as in embedded.py

-- as in embedded.py
local POLICY = "default-src 'none'; script-src 'self' file:; style-src 'self' file: 'unsafe-inline'; "
  .. "img-src 'self' file: data:; font-src data:; base-uri 'none'; form-action 'none'"
-- as in words/frame.py: what page.html itself says
local FRAME = {
  skip = "Naar de inhoud", search = "Zoeken", ["search-in"] = "Zoeken in de monitor",
  menu = "Hoofdmenu", contents = "Op deze pagina", annex = "Alle cijfers in één werkmap (xlsx)",
}
local FILES = {
  "../../../display/assets/fonts.css", "../../../display/assets/kansen.css",
  "../../../display/assets/favicon.svg", "../site.css", "../site.js",
}

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

local function bare(text)
  return (text:gsub("<[^>]*>", ""):gsub("^%s+", ""):gsub("%s+$", ""))
end

-- What stands around a page -----------------------------------------------------------------------

-- the lines of the menu as a tree: { text, href, active, children }
local function lines(text)
  local top = {}
  local stack = { top }
  local at = 1
  while true do
    local from = text:find('<li class="sidebar%-item', at)
    if not from then
      return top
    end
    local to = text:find('<li class="sidebar%-item', from + 1) or #text + 1
    local item = text:sub(from, to - 1)
    local line = {
      text = item:match('<span class="menu%-text">(.-)</span>') or "",
      href = item:match('<a href="([^"]*)"[^>]*sidebar%-link'),
      active = item:match('sidebar%-link active') ~= nil,
      children = {},
    }
    table.insert(stack[#stack], line)
    if item:match("<ul") then
      stack[#stack + 1] = line.children
    end
    local _, closed = item:gsub("</ul>", "")
    for _ = 1, math.min(closed, #stack - 1) do
      stack[#stack] = nil
    end
    at = to
  end
end

local function link(line, attributes)
  return ('<a href="%s"%s>%s</a>'):format(line.href, attributes or "", line.text)
end

local function menu(list)
  local items = {}
  for _, line in ipairs(list) do
    local shown = {}
    for _, child in ipairs(line.children) do
      -- a menu with every school in it on every page would weigh more than the page
      if not line.href or #line.children <= MENU_MOST or child.active then
        shown[#shown + 1] = child
      end
    end
    local head = line.href and link(line, line.active and ' aria-current="page"')
      or ("<span>%s</span>"):format(line.text)
    items[#items + 1] = ("<li>%s%s</li>"):format(head, #shown > 0 and menu(shown) or "")
  end
  return "<ul>\n" .. table.concat(items, "\n") .. "\n</ul>"
end

-- the way to the page in the menu
local function way(list)
  for _, line in ipairs(list) do
    if line.active then
      return { line }
    end
    local below = way(line.children)
    if below then
      table.insert(below, 1, line)
      return below
    end
  end
end

local function breadcrumbs(list)
  local steps = way(list) or {}
  if #steps < 2 then
    return nil
  end
  local items = {}
  for i, line in ipairs(steps) do
    local shown = i == #steps and ('<span aria-current="page">%s</span>'):format(line.text)
      or line.href and link(line) or line.text
    items[i] = ("<li>%s</li>"):format(shown)
  end
  return ('<nav class="breadcrumbs" aria-label="Kruimelpad"><ol>%s</ol></nav>'):format(table.concat(items))
end

local function neighbours(text)
  local links = {}
  for _, each in ipairs({ { "previous", "prev", "Vorige" }, { "next", "next", "Volgende" } }) do
    local part = text:match(('<div class="nav%%-page nav%%-page%%-%s">(.-)</div>'):format(each[1])) or ""
    local href = part:match('<a href="([^"]*)"')
    if href then
      links[#links + 1] = ('<a rel="%s" href="%s"><span>%s</span> %s</a>'):format(
        each[2], href, each[3], part:match('<span class="nav%-page%-text">(.-)</span>'))
    end
  end
  return #links > 0 and ('<nav class="neighbours" aria-label="Vorige en volgende pagina">\n%s\n</nav>'):format(
    table.concat(links, "\n")) or nil
end

-- What stands in a page ---------------------------------------------------------------------------

-- a markdown table gets its caption, which Quarto writes beside it
local function captioned(figure)
  local id, caption = figure:match('<figcaption[^>]- id="([^"]*)"[^>]*>%s*(.-)%s*</figcaption>')
  if not caption or not figure:match('<div class="table%-scroll') then
    return figure
  end
  figure = figure:gsub("%s*<figcaption.-</figcaption>", "", 1)
  figure = figure:gsub("<table[^>]*>", function(opening)
    return ('%s\n<caption id="%s">%s</caption>'):format(opening, id, caption)
  end, 1)
  local name = bare(caption):gsub("&nbsp;", " "):match("^%a+ %d+") or "Tabel"
  return (figure:gsub('role="group" aria%-label="Tabel"', ('role="region" aria-label="%s"'):format(name), 1))
end

local function titled(figure)
  if not figure:match('<div class="kansen%-block') then
    return captioned(figure)
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


local function body_of(main)
  local body = main:gsub("^.-</header>", "", 1):gsub('<nav id="TOC".-</nav>', "", 1)
  body = body:gsub('<figure class="quarto%-float.-</figure>', titled)
  -- notes as with the other engine, and not in an appendix
  body = body:gsub('<div id="quarto%-appendix"[^>]*>(.*)</div>%s*$', "%1")
  body = body:gsub('(<section id="footnotes"[^>]*)>%s*<h2[^>]*>', '%1 aria-labelledby="voetnoten">\n<h2 id="voetnoten">')
  body = body:gsub('class="footnote%-back" role="doc%-backlink"', '%0 aria-label="Terug naar de tekst"')
  -- only Quarto's own scripts use these
  body = body:gsub(' data%-[%w_-]+="[^"]*"', "")
  return body
end

local template = pandoc.template.compile(read(here .. "/../page.html"))

local function framed(text, name)
  local main = text:match('<main[^>]* id="quarto%-document%-content"[^>]*>(.*)</main>')
  if not main then
    return nil -- such as a page that only leads on, or is in its frame
  end
  local head = main:match("^.-</header>") or ""
  local root = ("../"):rep(select(2, name:gsub("/", "")))
  local list = lines(text:match('<nav id="quarto%-sidebar".-</nav>') or "")
  local foot = text:match('<div class="nav%-footer%-left">(.-)</div>%s*<div class="nav%-footer%-center') or ""
  local colophon = foot:match('<dl class="colophon">.-</dl>')
  local annex = foot:match('<a href="([^"]*%.xlsx)"')
  local made = foot:gsub('<dl class="colophon">.-</dl>', ""):gsub("<a href=.-</a>", "")
  local title, toc = head:match('<h1 class="title">(.-)</h1>') or "", text:match('<nav id="TOC".-</nav>')
  local icon = text:match('<link href="([^"]*)" rel="icon"')
  local page = pandoc.layout.render(pandoc.template.apply(template, {
    lang = text:match('<html[^>]* lang="([^"]*)"') or "nl",
    policy = POLICY,
    generator = text:match('<meta name="generator" content="([^"]*)"') or "quarto",
    ["description-text"] = text:match('<meta name="description" content="([^"]*)"'),
    pagetitle = bare(title),
    ["site-title"] = bare(text:match('<div class="sidebar%-title.->(.-)</div>') or ""),
    root = root,
    frame = FRAME,
    favicon = icon and icon:gsub("^[./]+/", "") or "assets/favicon.svg",
    menu = menu(list),
    breadcrumbs = breadcrumbs(list),
    title = title,
    subtitle = head:match('<p class="subtitle[^"]*">(.-)</p>'),
    description = (head:match('<div class="description">(.-)</div>') or ""):match("^%s*(.-)%s*$"),
    ["toc-list"] = toc and toc:match("<ul.*</ul>"):gsub(' id="toc%-[^"]*"', ""),
    body = "@body@",
    neighbours = neighbours(text),
    colophon = colophon,
    made = bare(made),
    annex = annex and annex:gsub("^[./]+/", ""),
  }))
  page = page:gsub("@body@", function() return body_of(main) end, 1)
  -- a page opened from disk has no server that makes a folder into its first page
  page = page:gsub('href="([./]*/)"', 'href="%1index.html"')
  return (page:gsub('href="%./', 'href="'))
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
  local found, title, place = { { page, "", "", {} } }, "", ""
  pandoc.read(main, "html"):walk({
    traverse = "topdown",
    Div = function(el)
      if quiet(el) then
        return {}, false
      end
      -- a section bears the name of the heading that it begins with
      place = el.classes:includes("section") and el.identifier or ""
    end,
    Header = function(el)
      local id = place ~= "" and place or el.identifier -- which pandoc may have made up
      place = ""
      if el.level == 1 then
        title = said(el)
      elseif el.level < 4 and id ~= "" and main:find(('id="%s"'):format(id), 1, true) then
        found[#found + 1] = { page .. "#" .. id, "", said(el), {} }
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

-- The site ----------------------------------------------------------------------------------------

local function cleared(folder)
  if not pcall(pandoc.system.list_directory, folder) then
    return
  end
  for _, name in ipairs(pandoc.system.list_directory(folder)) do
    local path = folder .. "/" .. name
    if not os.remove(path) then
      cleared(path)
    end
  end
  os.remove(folder)
end

local entries = {}
-- all pages: of a page that is rendered alone Quarto names only that one
local function visit(folder)
  for _, name in ipairs(pandoc.system.list_directory(out .. "/" .. folder)) do
    local path = folder .. name
    if name:match("%.html$") then
      local text = read(out .. "/" .. path)
      local page = framed(text, path)
      if page then
        write(out .. "/" .. path, page)
      end
      for _, entry in ipairs(sections(path, page or text)) do
        entries[#entries + 1] = entry
      end
    elseif name ~= "site_libs" and pcall(pandoc.system.list_directory, out .. "/" .. path) then
      visit(path .. "/")
    end
  end
end

visit("")
pandoc.system.make_directory(out .. "/assets", true)
write(out .. "/assets/search-index.js", "window.kansenSearch=" .. pandoc.json.encode(entries) .. ";\n")
for _, name in ipairs(FILES) do
  write(out .. "/assets/" .. name:match("[^/]+$"), read(here .. "/" .. name))
end
os.remove(out .. "/search.json")
cleared(out .. "/site_libs")
