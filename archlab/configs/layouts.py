"""How a config's text is laid out: sections and settings as they are written, and the comments above them."""

from configparser import ConfigParser
from dataclasses import dataclass, field

COMMENT = ("#", ";")


@dataclass
class Setting:
    """A setting: comments and blank lines above it, and the lines it takes itself."""

    above: list[str]
    lines: list[str]


@dataclass
class Section:
    """A section: comments and blank lines above its header, its settings, comments close below them."""

    above: list[str] = field(default_factory=list)
    settings: dict[str, Setting] = field(default_factory=dict)
    below: list[str] = field(default_factory=list)


@dataclass
class Layout:
    """A whole text: comments that stand free above and below it, and its sections by their paths."""

    above: list[str] = field(default_factory=list)
    sections: dict[str, Section] = field(default_factory=dict)
    below: list[str] = field(default_factory=list)


def read_layout(text: str) -> Layout:
    """The layout of a text that can be parsed: the rules are configparser's.

    A comment belongs to what follows it; before a header, one that stands close below the section above
    belongs there. Headers and settings lose their indentation: beside new ones it would mean something else.
    """
    layout = Layout()
    section = Section()
    setting: Setting | None = None
    indent = 0
    waiting: list[str] = []
    for line in text.split("\n"):
        content = line.strip()
        if not content or content.startswith(COMMENT):
            waiting.append(line.rstrip())
            continue
        depth = len(line) - len(line.lstrip())
        if setting is not None and depth > indent:
            setting.lines += [*waiting, line.rstrip()]
        elif header := ConfigParser.SECTCRE.match(content):
            if layout.sections:
                section.below, above = _split_below(waiting)
            else:
                layout.above, above = _split_above(waiting)
            section = layout.sections[header["header"]] = Section(above)
            setting, indent = None, depth
        elif option := ConfigParser.OPTCRE.match(content):
            setting = section.settings[option["option"].rstrip()] = Setting(waiting, [content])
            indent = depth
        waiting = []
    section.below, layout.below = _split_below(waiting)
    return layout


def layout_text(layout: Layout) -> str:
    """The text of a layout, with a blank line at least between sections."""
    lines = list(layout.above)
    for path, section in layout.sections.items():
        if lines and lines[-1] and not (section.above and not section.above[0]):
            lines.append("")
        lines += [*section.above, f"[{path}]"]
        for setting in section.settings.values():
            lines += [*setting.above, *setting.lines]
        lines += section.below
    return "\n".join([*lines, *layout.below]).strip("\n") + "\n"


def _split_below(lines: list[str]) -> tuple[list[str], list[str]]:
    """What stands close below the line before, and the rest; without a blank line all is the rest."""
    blank = lines.index("") if "" in lines else 0
    return lines[:blank], lines[blank:]


def _split_above(lines: list[str]) -> tuple[list[str], list[str]]:
    """What stands free at the top of a file, and what stands close above its first section."""
    blank = max((n for n, line in enumerate(lines) if not line), default=0)
    return lines[:blank], lines[blank:]
