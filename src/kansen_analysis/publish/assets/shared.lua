-- What both engines write alike: dialect.lua (embedded) and quarto/blocks.lua take it from here.
-- A block is opened and closed by raw HTML with a Div between, so that no section that begins in it
-- ends outside it; all of it is one Div, so that a walk from the top goes into it.

local shared = {}

shared.CALLOUTS = {
  ["callout-note"] = "Opmerking",
  ["callout-tip"] = "Tip",
  ["callout-warning"] = "Waarschuwing",
  ["callout-caution"] = "Opgelet",
  ["callout-important"] = "Belangrijk",
}

-- our own HTML is html5, so that it is never taken for the author's
function shared.html(text)
  return pandoc.RawBlock("html5", text)
end

local html = shared.html

function shared.attribute_text(text)
  return (text:gsub("&", "&amp;"):gsub('"', "&quot;"):gsub("<", "&lt;"))
end

local function body(content, class)
  return pandoc.Div(content, pandoc.Attr("", { class }))
end

local function block(content)
  return pandoc.Div(content, pandoc.Attr("", { "block" }))
end

function shared.callout(el, class)
  local blocks = el.content:clone()
  local title
  if el.attributes.title then
    title = pandoc.utils.blocks_to_inlines(pandoc.read(el.attributes.title, "markdown").blocks)
  elseif blocks[1] and blocks[1].t == "Header" then
    title = blocks:remove(1).content
  end
  local heading = pandoc.Inlines({})
  if title then
    -- the colour says what kind it is; these words say it without colour
    heading:insert(pandoc.Span(shared.CALLOUTS[class] .. ": ", pandoc.Attr("", { "visually-hidden" })))
    heading:extend(title)
  else
    heading:insert(pandoc.Str(shared.CALLOUTS[class]))
  end
  return block({
    html(('<div class="callout %s" role="note">'):format(class)),
    html('<p class="callout-title">'), pandoc.Plain(heading), html("</p>"),
    body(blocks, "callout-body"),
    html("</div>"),
  })
end

-- Returns nothing for a tabset without headings; `stray` is called for text before the first one.
function shared.tabset(el, stray)
  local level
  for _, block in ipairs(el.content) do
    if block.t == "Header" then
      level = block.level
      break
    end
  end
  if not level then
    return nil
  end
  local panels = {}
  for _, block in ipairs(el.content) do
    local panel = panels[#panels]
    if block.t == "Header" and block.level == level then
      panels[#panels + 1] = { title = block.content, blocks = pandoc.Blocks({}) }
    elseif panel then
      panel.blocks:insert(block)
    elseif block.t ~= "RawBlock" then
      stray()
    end
  end
  local content = pandoc.Blocks({ html('<div class="tabset">') })
  for _, panel in ipairs(panels) do
    content:extend({
      html(('<div class="tab-panel">\n<h%d class="tab-title">'):format(level)),
      pandoc.Plain(panel.title),
      html(("</h%d>"):format(level)),
      body(panel.blocks, "tab-body"),
      html("</div>"),
    })
  end
  content:insert(html("</div>"))
  return block(content)
end

-- what an adviser need not read; what is unfolded on the screen is printed
function shared.researchers(el)
  local name = shared.attribute_text(el.attributes.title or "Voor onderzoekers")
  return block({
    html(('<details class="kansen-research"><summary>%s</summary>'):format(name)),
    body(el.content, "fold-body"),
    html("</details>"),
  })
end

-- a school year is not broken at its hyphen
function shared.whole_years(el)
  local result, at = pandoc.Inlines({}), 1
  for from, year, to in el.text:gmatch("()%f[%d](%d%d%d%d%-%d%d%d%d)%f[%D]()") do
    result:insert(pandoc.Str(el.text:sub(at, from - 1)))
    result:insert(pandoc.Span(year, pandoc.Attr("", { "kansen-whole" })))
    at = to
  end
  if at > 1 then
    result:insert(pandoc.Str(el.text:sub(at)))
    return result
  end
end

return shared
