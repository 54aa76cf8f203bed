-- After Quarto's own filters have numbered it: what Quarto leaves out of a pipe table, which way its
-- headers point and a box that scrolls when the table is wider than a phone or longer than a screen.
-- And school years that are not broken at their hyphen.

local shared = dofile(quarto.utils.resolve_path("../shared.lua"))
local LONG = 15 -- rows, as in dialect.lua

-- As in dialect.lua, which refuses such a link before Quarto sees it; this is for `quarto render`.
function Link(el)
  local bare = el.target:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  local scheme = bare:gsub("[%c%s]", ""):match("^([^/?#]-):")
  if scheme and not ({ http = true, https = true, mailto = true, data = true })[scheme:lower()] then
    return el.content
  end
end

local function boxed(el)
  for _, row in ipairs(el.head.rows) do
    for _, header in ipairs(row.cells) do
      header.attr.attributes.scope = "col"
    end
  end
  el.colspecs = el.colspecs:map(function(spec) return { spec[1], nil } end)
  local rows = 0
  for _, body in ipairs(el.bodies) do
    rows = rows + #body.body
  end
  local class = rows > LONG and "table-scroll kansen-long" or "table-scroll"
  return pandoc.Blocks({
    pandoc.RawBlock("html", ('<div class="%s" role="group" aria-label="Tabel" tabindex="0">'):format(class)),
    el,
    pandoc.RawBlock("html", "</div>"),
  })
end

function Pandoc(doc)
  -- only the blocks: titles in the metadata are plain text elsewhere
  doc.blocks = doc.blocks:walk({ Table = boxed, Str = shared.whole_years })
  return doc
end
