-- The dialect of docs/dialect.md on pandoc's reading of a page: checks it, numbers and resolves its
-- cross-references in Dutch, and writes callouts, tabsets and floats as plain accessible HTML.
--
-- Messages go to stderr, one a line: kansen <tab> error|warning <tab> cell <tab> text.

local shared = dofile(pandoc.path.join({ pandoc.path.directory(PANDOC_SCRIPT_FILE), "shared.lua" }))
local html, attribute_text = shared.html, shared.attribute_text

local WORDS = { fig = "Figuur", tbl = "Tabel", sec = "Paragraaf" }
-- a verdict gets a sign from the style sheet; it stands only where the word is
local VERDICTS = {
  ["oordeel-beter"] = "beter",
  ["oordeel-slechter"] = "slechter",
  ["oordeel-gelijk"] = "geen verschil dat ertoe doet",
  ["oordeel-onbeslist"] = "onbeslist",
  ["oordeel-niet-toetsbaar"] = "niet toetsbaar",
}
local NBSP = utf8.char(0xA0)

local cell = { number = 1, kind = "markdown" } -- where we are
local entries = {}                             -- id -> "1", "2.1"
local seen = {}                                -- every id we number or link to
local counters = { fig = 0, tbl = 0 }
local levels = { 0, 0, 0, 0, 0, 0 }
local toc = {}
local number_sections, toc_depth = false, 3

local function tell(kind, text)
  io.stderr:write(("kansen\t%s\t%d\t%s\n"):format(kind, cell.number, text))
end

local function refuse(text)
  tell("error", text)
end

local function text_of(content)
  return pandoc.utils.stringify(content)
end

local function kind_of(id)
  local kind = id:match("^(%l+)%-")
  return WORDS[kind] and kind or nil
end

-- names of attributes and classes that are not in `allowed`
local function check_attributes(what, el, allowed)
  for _, class in ipairs(el.classes) do
    if not allowed["." .. class] then
      refuse(("%s with class .%s"):format(what, class))
    end
  end
  for name, _ in pairs(el.attributes) do
    if not allowed[name] then
      refuse(("%s with attribute %s"):format(what, name))
    end
  end
end

local function remember(id)
  if seen[id] then
    refuse(("#%s is used before, in cell %d"):format(id, seen[id]))
  end
  seen[id] = cell.number
end

-- "Figuur 1: " in front of a caption
local function numbered(kind, id, caption, titled)
  remember(id)
  counters[kind] = counters[kind] + 1
  entries[id] = tostring(counters[kind])
  local result = pandoc.Inlines({ pandoc.Str(WORDS[kind] .. NBSP .. entries[id]) })
  if titled then
    -- what has a title of its own shows its number only; the caption is there for who cannot see it
    local hidden = pandoc.Inlines({ pandoc.Str(":"), pandoc.Space() }) .. caption
    result:insert(pandoc.Span(hidden, pandoc.Attr("", { "visually-hidden" })))
    return result
  end
  result[1].text = result[1].text .. ":"
  result:insert(pandoc.Space())
  result:extend(caption)
  return result
end

-- Tables -------------------------------------------------------------------------------------

local LONG = 15 -- rows; a longer table scrolls under its own header

local function scroll_region(table, name)
  local rows = 0
  for _, body in ipairs(table.bodies) do
    rows = rows + #body.body
  end
  local class = rows > LONG and "table-scroll kansen-long" or "table-scroll"
  return pandoc.Blocks({
    html(('<div class="%s" role="region" tabindex="0" aria-label="%s">'):format(
      class, attribute_text(name))),
    table,
    html("</div>"),
  })
end

local function dressed(el, caption, name)
  el.classes:insert("data")
  -- as wide as what stands in them, not as the lines of the markdown
  el.colspecs = el.colspecs:map(function(spec) return { spec[1], nil } end)
  el.caption.long = { pandoc.Plain(caption) }
  for _, row in ipairs(el.head.rows) do
    for _, header in ipairs(row.cells) do
      header.attr.attributes.scope = "col"
    end
  end
  return scroll_region(el, name)
end

local function finish_table(el)
  if el.classes:includes("data") then
    return nil -- done already
  end
  local caption = pandoc.utils.blocks_to_inlines(el.caption.long)
  if #caption == 0 then
    if cell.kind == "markdown" then
      refuse("a table without a caption; write ': what it shows {#tbl-name}' under it")
    end
    return el
  end
  check_attributes("a table", el, {})
  local name = text_of(caption)
  if kind_of(el.identifier) == "tbl" then
    name = WORDS.tbl .. " " .. counters.tbl + 1
    caption = numbered("tbl", el.identifier, caption)
  elseif el.identifier ~= "" then
    refuse(("a table called #%s; begin its name with tbl-"):format(el.identifier))
  end
  return dressed(el, caption, name)
end

-- Floats: ::: {#fig-x} … caption ::: and cells with a label --------------------------------------

local function split_caption(el)
  local blocks = el.content:clone()
  local last = blocks[#blocks]
  if last and last.t == "Para" then
    blocks:remove(#blocks)
    return blocks, last.content
  end
  return blocks, nil
end

local function float(el, kind)
  local blocks, caption = split_caption(el)
  if not caption then
    refuse(("#%s has no caption; end it with a paragraph that says what it shows"):format(
      el.identifier))
    return el
  end
  local id = el.identifier
  local titled = false
  el:walk({
    RawBlock = function(raw) titled = titled or raw.text:match('<div class="kansen%-block') ~= nil end,
  })
  caption = numbered(kind, id, caption, titled)
  local class = kind == "fig" and "figure" or "table"
  if kind == "tbl" and #blocks == 1 and blocks[1].t == "Table" then
    blocks[1].identifier = id
    return dressed(blocks[1], caption, WORDS.tbl .. " " .. entries[id])
  end
  local opening = html(('<figure id="%s" class="float float-%s">'):format(id, class))
  local captions = pandoc.Blocks({
    html(titled and '<figcaption class="kansen-number-only">' or "<figcaption>"),
    pandoc.Plain(caption),
    html("</figcaption>"),
  })
  local result = pandoc.Blocks({ opening })
  if kind == "tbl" or titled then
    result:extend(captions)
    result:extend(blocks)
  else
    result:extend(blocks)
    result:extend(captions)
  end
  result:insert(html("</figure>"))
  return result
end

local function finish_image(image, caption)
  if image.attributes.alt then
    return nil -- done already
  end
  check_attributes("an image", image, { ["fig-alt"] = true, width = true, height = true })
  local alt = image.attributes["fig-alt"]
  if alt then
    image.attributes["fig-alt"] = nil
    image.attributes.alt = alt
  elseif caption or text_of(image.caption) == "" then
    refuse(("image %s has no fig-alt"):format(image.src))
  end
  return image
end

local function figure(el)
  if el.classes:includes("float") then
    return nil -- done already
  end
  el = el:walk({ Image = function(image) return finish_image(image, true) end })
  local caption = pandoc.utils.blocks_to_inlines(el.caption.long)
  local kind = kind_of(el.identifier)
  if kind == "fig" then
    caption = numbered("fig", el.identifier, caption)
    el.caption.long = { pandoc.Plain(caption) }
  elseif el.identifier ~= "" then
    refuse(("an image called #%s; begin its name with fig-"):format(el.identifier))
  end
  el.classes = { "float", "float-figure" }
  return el
end

-- Callouts, tabsets, columns --------------------------------------------------------------------

local function callout(el, class)
  check_attributes("a callout", el, { ["." .. class] = true, title = true })
  return shared.callout(el, class)
end

local function tabset(el)
  check_attributes("a tabset", el, { [".panel-tabset"] = true })
  local made = shared.tabset(el, function() refuse("text before the first heading of a tabset") end)
  if not made then
    refuse("a tabset without headings; each tab begins with one")
  end
  return made or el
end

-- headings in tabs and callouts are no sections of the page
local function outside_sections(el)
  return el:walk({
    Header = function(header)
      header.classes:insert("no-section")
      return header
    end,
  })
end

local function researchers(el)
  check_attributes("a fold", el, { [".voor-onderzoekers"] = true, title = true })
  return shared.researchers(el)
end

local function column(el)
  check_attributes("a column", el, { [".column"] = true, width = true })
  return el
end

local function columns(el)
  check_attributes("columns", el, { [".columns"] = true })
  for _, block in ipairs(el.content) do
    local marker = block.t == "RawBlock" and block.format == "kansen"
    if not marker and not (block.t == "Div" and block.classes:includes("column")) then
      refuse("something beside the columns in ::: {.columns}")
    end
  end
  return el
end

local MADE = { block = true, ["callout-body"] = true, ["tab-body"] = true, ["fold-body"] = true }

local function div(el)
  local class = el.classes[1] or ""
  local kind = kind_of(el.identifier)
  if kind == "fig" or kind == "tbl" then
    check_attributes("#" .. el.identifier, el, { [".cell"] = true })
    return float(el, kind)
  elseif class == "cell" or class:match("^cell%-output") or MADE[class] then
    return el
  elseif shared.CALLOUTS[class] then
    return callout(outside_sections(el), class)
  elseif class == "panel-tabset" then
    return tabset(outside_sections(el))
  elseif class == "voor-onderzoekers" then
    return researchers(outside_sections(el))
  elseif class == "columns" then
    return columns(el)
  elseif class == "column" then
    return column(el)
  end
  refuse(("a block ::: {%s}; known are callouts, panel-tabset, voor-onderzoekers, columns, column, #fig-, #tbl-"):format(
    class ~= "" and "." .. class or "#" .. el.identifier))
  return el
end

-- Headings ----------------------------------------------------------------------------------

local function heading(el)
  if el.level == 1 and not el.classes:includes("no-section") then
    refuse("a heading of level 1; the title stands in the YAML, headings begin with ##")
  end
  check_attributes("a heading", el, {
    [".unnumbered"] = true, [".no-section"] = true,
  })
  if el.classes:includes("no-section") then
    el.classes = el.classes:filter(function(class) return class ~= "no-section" end)
    return el
  end
  remember(el.identifier)
  if not el.classes:includes("unnumbered") then
    levels[el.level] = levels[el.level] + 1
    for level = el.level + 1, #levels do
      levels[level] = 0
    end
    local parts = {}
    for level = 2, el.level do
      parts[#parts + 1] = tostring(levels[level])
    end
    local number = table.concat(parts, ".")
    entries[el.identifier] = number
    if number_sections then
      local span = pandoc.Span(number, pandoc.Attr("", { "header-section-number" }))
      el.content = pandoc.Inlines({ span, pandoc.Space() }) .. el.content
    end
  end
  if el.level <= toc_depth then
    local content = el.content:walk({
      Link = function(link) return link.content end,
      Note = function() return {} end,
    })
    toc[#toc + 1] = { level = el.level, link = pandoc.Link(content, "#" .. el.identifier) }
  end
  return el
end

-- nested list of the headings, from `first`; returns where it stopped
local function toc_list(first, level)
  local items, i = {}, first
  while i <= #toc and toc[i].level >= level do
    local item = { pandoc.Plain({ toc[i].link }) }
    local own = toc[i].level
    i = i + 1
    if i <= #toc and toc[i].level > own then
      local below
      below, i = toc_list(i, toc[i].level)
      item[#item + 1] = below
    end
    items[#items + 1] = item
  end
  return pandoc.BulletList(items), i
end

-- First pass: in the order of the page -------------------------------------------------------

-- a browser leaves out spaces and control characters before it looks for a scheme
local function may_be_opened(target)
  local bare = target:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  local scheme = bare:gsub("[%c%s]", ""):match("^([^/?#]-):")
  return not scheme or ({ http = true, https = true, mailto = true })[scheme:lower()] == true
end

local function author_html(el)
  if el.format == "html5" then
    return
  end
  if el.format ~= "html" then
    refuse(("raw %s"):format(el.format))
  elseif cell.kind == "markdown" and not el.text:match("^<!%-%-.*%-%->%s*$") then
    refuse(("HTML in markdown, %s; let a cell of code show it"):format(el.text:match("^[^\n]*")))
  end
end

local number_and_build = {
  traverse = "topdown",
  RawBlock = function(el)
    if el.format == "kansen" then
      local number, kind = el.text:match("^(%d+) (%l+)")
      cell = { number = tonumber(number), kind = kind }
      return {}
    end
    author_html(el)
  end,
  RawInline = author_html,
  Header = heading,
  Div = div,
  Figure = figure,
  Image = function(el) return finish_image(el, false) end,
  Table = finish_table,
  Math = function(el)
    refuse(("a formula, $%s$; write a dollar sign as \\$"):format(el.text))
  end,
  Span = function(el)
    local verdict = VERDICTS[el.classes[1]]
    if verdict then
      check_attributes("a verdict", el, { ["." .. el.classes[1]] = true })
      if text_of(el.content):lower():gsub("[%s%p]+$", "") ~= verdict then
        refuse(("the sign .%s at %s; it goes with the word %s"):format(
          el.classes[1], text_of(el.content), verdict))
      end
      return
    end
    check_attributes("a span", el, {
      lang = true, [".visually-hidden"] = true, [".header-section-number"] = true,
    })
    if el.identifier ~= "" then
      remember(el.identifier)
    end
  end,
  Link = function(el)
    check_attributes("a link", el, { [".uri"] = true, [".email"] = true })
    if not may_be_opened(el.target) then
      refuse(("a link to %s; use https, http, mailto or a page of this site"):format(el.target))
      return el.content
    end
    if not el.target:match("^%a[%w+.-]*:") then
      el.target = el.target:gsub("%.ipynb$", ".html"):gsub("%.ipynb#", ".html#")
      return el
    end
  end,
  -- the cell a reference stands in, for the message of the second pass
  Cite = function(el)
    for _, citation in ipairs(el.citations) do
      citation.hash = cell.number
    end
    return el
  end,
}

-- Second pass: references ----------------------------------------------------------------------

local function reference(citation)
  local id = citation.id:sub(1, 1):lower() .. citation.id:sub(2)
  local kind = kind_of(id)
  cell = { number = citation.hash }
  if not kind then
    refuse(("a citation, @%s; write an at sign as \\@"):format(citation.id))
    return pandoc.Str("@" .. citation.id)
  end
  if not entries[id] then
    tell("warning", ("unknown reference @%s"):format(id))
    return pandoc.Strong({ pandoc.Str("?@" .. id) })
  end
  if kind == "sec" and not number_sections then
    refuse(("@%s refers to a number; say number-sections: true in the YAML"):format(id))
  end
  local content = pandoc.Inlines({})
  if #citation.prefix > 0 then
    content:extend(citation.prefix)
    content:insert(pandoc.Str(NBSP))
  elseif citation.mode ~= "SuppressAuthor" then
    content:insert(pandoc.Str(WORDS[kind] .. NBSP))
  end
  content:insert(pandoc.Str(entries[id]))
  return pandoc.Link(content, "#" .. id, "", pandoc.Attr("", { "xref" }))
end

local function resolve(el)
  local result = pandoc.Inlines({})
  for i, citation in ipairs(el.citations) do
    if i > 1 then
      result:extend({ pandoc.Str(","), pandoc.Space() })
    end
    result:insert(reference(citation))
    result:extend(citation.suffix)
  end
  return result
end

function Pandoc(doc)
  local meta = doc.meta
  number_sections = meta["number-sections"] == true
  toc_depth = tonumber(text_of(meta["toc-depth"] or "3"))
  doc = doc:walk(number_and_build):walk({ Cite = resolve })
  doc.blocks = doc.blocks:walk({ Str = shared.whole_years })
  if meta.description then
    meta["description-text"] = attribute_text(text_of(meta.description))
  end
  if meta.toc ~= false and #toc > 1 then
    local list = toc_list(1, 2)
    meta["toc-list"] = pandoc.MetaBlocks({ list })
  else
    meta["toc-list"] = nil
  end
  return pandoc.Pandoc(doc.blocks, meta)
end
