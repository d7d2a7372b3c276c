"""Our own layout, for where no Graphviz is: layers, few crossings, straight long edges, modules in boxes of their own.

The steps are those of Sugiyama, Tagawa and Toda (1981): longest paths give ranks, an edge over several ranks gets a place in
each, sweeps of barycentres order the ranks, then coordinates follow. Two things are our own. An order compares modules by one
number each, the same in all ranks, so that "left of" never runs in a circle. And coordinates are found between two extremes,
everything pushed right and everything pushed left as far as the order demands: both keep all distances, and so does their mean.

Everything here is written for ranks that stand one below the other; ``across`` swaps the axes at both ends.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass
from itertools import accumulate, pairwise

from .graph import Graph
from .layout import GROUP_TITLE, Layout, Point, crossings, group_title_width, ink
from .ranks import Item, Plan, plan

__all__ = ["layered_layout"]

PAD = 12.0  # inside a module's box
GAP, THIN_GAP = 26.0, 12.0  # beside a card, beside an edge
RANK_GAP = 42.0
SWEEPS = 12
LAST, MAIN = 8, 3.0  # the last rounds, and how heavy a link is that they make straight
WORK = 40_000  # items times rounds of settling
SMALL = 200  # items: below it several orders are finished and compared


@dataclass(slots=True)
class Order:
    """The order of the items in each rank, where they tentatively are, and how many edges cross."""

    ranks: list[list[int]]
    at: list[float]
    crossings: int


def layered_layout(graph: Graph) -> Layout:
    """Places and routes for ``graph``."""
    if not graph.nodes:
        return Layout(0, 0)
    made = plan(graph)
    turn = [float(item.serial) for item in made.items]
    starts = [as_read(made), turn, [-place for place in turn]]
    orders = [ordered(made, start, first) for start in starts for first in (0, 1)]
    orders.sort(key=lambda order: order.crossings)
    small = len(made.items) <= SMALL
    layouts = []
    for order in orders[: 2 if small else 1]:
        for share in (0.5, 0.0, 1.0) if small else (0.5,):
            at, sides = coordinates(made, order, graph, share)
            hang_straight(made, at, sides)
            if small:
                straighten_long(made, at)
            layouts.append(finished(graph, made, at, sides))
    return min(layouts, key=lambda layout: (crossings(layout), ink(layout))) if len(layouts) > 1 else layouts[0]


def as_read(made: Plan) -> list[float]:
    """A turn for each item: from the last card back through the inputs of each, from the first to the last."""
    turn = [-1.0] * len(made.items)
    count = 0
    for end in range(len(made.items) - 1, -1, -1):
        waiting = [] if made.out[end] or turn[end] >= 0 else [end]
        while waiting:
            i = waiting.pop()
            if turn[i] < 0:
                turn[i] = float(count)
                count += 1
                waiting += [link.other for link in sorted(made.into[i], key=lambda link: -link.here)]
    return turn


def ordered(made: Plan, start: list[float], first: int) -> Order:
    """The best of some sweeps; downwards first, or upwards."""
    at = list(start)
    best: Order | None = None
    for sweep in range(SWEEPS):
        down = (sweep + first) % 2 == 0
        keys = group_keys(made, at)
        ranks: list[list[int]] = [[] for _ in made.ranks]
        places = range(len(made.ranks)) if down else range(len(made.ranks) - 1, -1, -1)
        for rank in places:
            wish = {i: barycentre(made, i, at, down) for i in made.ranks[rank]}
            # a module's number decides where it stands, then the item's own
            ranks[rank] = sorted(wish, key=lambda i: [*((keys[path], path) for path in made.items[i].chain), (wish[i], str(i))])
            settle_rank(made, ranks[rank], wish, at)
        count = count_crossings(made, ranks, at)
        if best is None or count < best.crossings:
            best = Order(ranks, list(at), count)
        if not count:
            break
    assert best is not None
    return best


def group_keys(made: Plan, at: list[float]) -> dict[str, float]:
    sums: dict[str, list[float]] = {}
    for i, item in enumerate(made.items):
        for path in item.chain:
            entry = sums.setdefault(path, [0.0, 0.0])
            entry[0] += at[i]
            entry[1] += 1
    return {path: total / count for path, (total, count) in sums.items()}


def barycentre(made: Plan, i: int, at: list[float], down: bool) -> float:
    """The mean of where its neighbours' ends are; on the side that the sweep comes from, else on the other."""
    links = (made.into[i] or made.out[i]) if down else (made.out[i] or made.into[i])
    if not links:
        return at[i]
    weight = sum(link.weight for link in links)
    return sum((at[link.other] + link.there - link.here) * link.weight for link in links) / weight


def settle_rank(made: Plan, rank: list[int], wish: dict[int, float], at: list[float]) -> None:
    """Places as near to the wishes as the order and the sizes allow: isotonic regression by pooling neighbours.

    Who hangs on stronger links yields less.
    """
    pools: list[list[float]] = []  # weighted sum of wishes, their weight, how many
    offset, offsets, before = 0.0, [], None
    for i in rank:
        offset += distance(made.items[before], made.items[i]) if before is not None else 0.0
        offsets.append(offset)
        before = i
        weight = made.weights[i]
        pools.append([(wish[i] - offset) * weight, weight, 1])
        while len(pools) > 1 and pools[-2][0] / pools[-2][1] >= pools[-1][0] / pools[-1][1]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last, strict=True)]
    place = 0
    for total, weight, count in pools:
        for _ in range(int(count)):
            at[rank[place]] = total / weight + offsets[place]
            place += 1


def distance(a: Item, b: Item) -> float:
    """Between the middles of neighbours."""
    return (a.wide + b.wide) / 2 + (THIN_GAP if a.thin or b.thin else GAP)


def count_crossings(made: Plan, ranks: list[list[int]], at: list[float]) -> int:
    """Pairs of links between neighbouring ranks that are turned around."""
    count = 0
    for rank in ranks[:-1]:
        links = sorted((at[i] + link.here, at[link.other] + link.there) for i in rank for link in made.out[i])
        seen: list[float] = []
        for _, end in links:
            count += len(seen) - bisect_right(seen, end)
            insort(seen, end)
    return count


# -- coordinates -------------------------------------------------------------------------------------------------------------


def coordinates(made: Plan, order: Order, graph: Graph, share: float) -> tuple[list[float], dict[str, tuple[float, float]]]:
    """The middle of each item, and the left and right side of each module's box.

    ``share`` says which way boxes give way to each other in the end: 0 to the right, 1 to the left, 0.5 both.
    """
    count = len(made.items)
    paths = list(made.spans)
    left = {path: count + 2 * i for i, path in enumerate(paths)}
    right = {path: count + 2 * i + 1 for i, path in enumerate(paths)}
    first_pad = PAD + (GROUP_TITLE if graph.across else 0.0)
    rules: dict[tuple[int, int], float] = {}  # b is at least so far right of a

    def keep(a: int, b: int, space: float) -> None:
        rules[a, b] = max(rules.get((a, b), 0.0), space)

    for path in paths:
        parent = made.parents[path]
        if parent:
            keep(left[parent], left[path], first_pad)
            keep(right[path], right[parent], PAD)
        wide = 0.0 if graph.across else group_title_width(graph.groups[path].name, graph.groups[path].title)
        keep(left[path], right[path], wide)
    for rank in order.ranks:
        for i in rank:
            if made.items[i].chain:
                path = made.items[i].chain[-1]
                keep(left[path], i, made.items[i].wide / 2 + first_pad)
                keep(i, right[path], made.items[i].wide / 2 + PAD)
        for a, b in pairwise(rank):
            ours, theirs = made.items[a].chain, made.items[b].chain
            same = 0
            while same < min(len(ours), len(theirs)) and ours[same] == theirs[same]:
                same += 1
            before, room_a = (right[ours[same]], 0.0) if len(ours) > same else (a, made.items[a].wide / 2)
            after, room_b = (left[theirs[same]], 0.0) if len(theirs) > same else (b, made.items[b].wide / 2)
            keep(before, after, room_a + room_b + (THIN_GAP if made.items[a].thin or made.items[b].thin else GAP))
    after_: list[list[tuple[int, float]]] = [[] for _ in range(count + 2 * len(paths))]
    before_: list[list[tuple[int, float]]] = [[] for _ in after_]
    for (a, b), space in rules.items():
        after_[a].append((b, space))
        before_[b].append((a, space))
    turn = topological(after_, before_)
    at = [*order.at, *[0.0] * (2 * len(paths))]
    rounds = max(12, min(120, WORK // count))
    for step in range(rounds):
        # down, up, everything at once; at last down again, each card straight below what it comes from
        kind = 3 if step >= rounds - LAST else 2 if step > rounds * 0.7 else step % 3
        wish = list(at)
        for rank in order.ranks if kind in (0, 3) else reversed(order.ranks):
            for i in rank:
                if kind == 3:
                    links = [link for link in made.into[i] if link.weight >= MAIN] or made.out[i] or made.into[i]
                else:
                    links = made.into[i] + made.out[i] if kind == 2 else made.into[i] if kind == 0 else made.out[i]
                if links:
                    heard = at if kind == 2 else wish
                    weight = sum(link.weight for link in links)
                    wish[i] = sum((heard[link.other] + link.there - link.here) * link.weight for link in links) / weight
            settle_rank(made, rank, {i: wish[i] for i in rank}, wish)
        for path in reversed(paths):  # the inner ones first; a box goes where what is in it goes, and shrinks around it
            wish[left[path]] = min((wish[b] - space for b, space in after_[left[path]] if b != right[path]), default=0.0)
            wish[right[path]] = max((wish[a] + space for a, space in before_[right[path]] if a != left[path]), default=0.0)
        at = between(wish, turn, after_, before_, share if kind == 3 else 0.5)
    sides = {}
    for path in reversed(paths):
        low, high = at[left[path]], at[right[path]]
        inner = [(b, space) for b, space in after_[left[path]] if b != right[path]]
        low = max(low, min(min(at[b] - space for b, space in inner), high - rules[left[path], right[path]]))
        ends = [(a, space) for a, space in before_[right[path]] if a != left[path]]
        high = max(max(at[a] + space for a, space in ends), low + rules[left[path], right[path]])
        at[left[path]], at[right[path]] = low, high
        sides[path] = (low, high)
    return at[:count], sides


def topological(after: list[list[tuple[int, float]]], before: list[list[tuple[int, float]]]) -> list[int]:
    """Every place after all that are left of it."""
    waiting = [len(entries) for entries in before]
    ready = [i for i, count in enumerate(waiting) if not count]
    for i in ready:  # grows as it is read
        for b, _ in after[i]:
            waiting[b] -= 1
            if not waiting[b]:
                ready.append(b)
    assert len(ready) == len(after), "left of runs in a circle"
    return ready


def between(
    wish: list[float],
    turn: list[int],
    after: list[list[tuple[int, float]]],
    before: list[list[tuple[int, float]]],
    share: float,
) -> list[float]:
    """A mean of two places that keep all distances: pushed right only where need be, and pushed left (this with ``share``)."""
    pushed_right, pushed_left = list(wish), list(wish)
    for i in turn:
        here = pushed_right[i]
        for a, space in before[i]:
            if pushed_right[a] + space > here:
                here = pushed_right[a] + space
        pushed_right[i] = here
    for i in reversed(turn):
        here = pushed_left[i]
        for b, space in after[i]:
            if pushed_left[b] - space < here:
                here = pushed_left[b] - space
        pushed_left[i] = here
    return [a + (b - a) * share for a, b in zip(pushed_right, pushed_left, strict=True)]


def hang_straight(made: Plan, at: list[float], sides: dict[str, tuple[float, float]]) -> None:
    """Between ranks that share no module, all that is below moves as one, so that most of what links the two is straight."""
    for rank in range(1, len(made.ranks)):
        if any(first < rank <= last for first, last in made.spans.values()):
            continue
        pulls = [
            (at[link.other] + link.there - at[i] - link.here, link.weight) for i in made.ranks[rank] for link in made.into[i]
        ]
        heaviest = max((weight for _, weight in pulls), default=0.0)
        pulls = sorted(pull for pull in pulls if pull[1] >= min(MAIN, heaviest))
        if not pulls:
            continue
        weights = list(accumulate(weight for _, weight in pulls))
        move = next(pull for (pull, _), sofar in zip(pulls, weights, strict=True) if sofar >= weights[-1] / 2)  # the median
        for i, item in enumerate(made.items):
            if item.rank >= rank:
                at[i] += move
        for path, (first, _) in made.spans.items():
            if first >= rank:
                sides[path] = (sides[path][0] + move, sides[path][1] + move)


def straighten_long(made: Plan, at: list[float]) -> None:
    """The places of a long edge come to stand one below the other, as far as nothing is in the way."""
    for chain in made.chains:
        inner = chain[1:-1]
        while len(inner) > 1:
            runs = []
            for place in {at[inner[0]], at[inner[len(inner) // 2]], at[inner[-1]]}:
                length = 0
                while length < len(inner) and is_free(made, at, inner[length], place):
                    length += 1
                runs.append((length, -abs(place - at[inner[0]]), place))
            length, _, place = max(runs)
            for i in inner[:length]:
                at[i] = place
            inner = inner[max(1, length) :]


def is_free(made: Plan, at: list[float], i: int, place: float) -> bool:
    """Whether an edge's place may move there: it passes no neighbour, and keeps its distance."""
    low, high = min(at[i], place), max(at[i], place)
    for j in made.ranks[made.items[i].rank]:
        other = made.items[j]
        room = other.wide / 2 + (8.0 if other.key else 5.0)
        if j != i and low - room < at[j] < high + room:
            return False
    return True


# -- the result --------------------------------------------------------------------------------------------------------------


def finished(graph: Graph, made: Plan, at: list[float], sides: dict[str, tuple[float, float]]) -> Layout:
    """Ranks one below the other with room for what lies between them, boxes, and smooth routes."""
    title = 0.0 if graph.across else GROUP_TITLE
    tall = [max((made.items[i].tall for i in rank), default=0.0) for rank in made.ranks]
    tops = [0.0]
    for rank in range(len(made.ranks) - 1):
        ends = max((nesting(made, path, last=rank) for path in made.spans if made.spans[path][1] == rank), default=0)
        begins = max((nesting(made, path, first=rank + 1) for path in made.spans if made.spans[path][0] == rank + 1), default=0)
        reach = max(
            (abs(at[i] + link.here - at[link.other] - link.there) for i in made.ranks[rank] for link in made.out[i]),
            default=0.0,
        )
        gap = max(RANK_GAP + min(40.0, reach * 0.05), ends * PAD + begins * (PAD + title) + 14)
        tops.append(tops[-1] + tall[rank] + gap)
    layout = Layout(0, 0)
    swap = (lambda x, y: (y, x)) if graph.across else (lambda x, y: (x, y))
    for i, item in enumerate(made.items):
        if item.key:
            x, y = at[i] - item.wide / 2, tops[item.rank] + (tall[item.rank] - item.tall) / 2
            layout.at[item.key] = swap(x, y)
    for path in reversed(list(made.spans)):  # the inner ones first
        members = [i for i, item in enumerate(made.items) if item.key and item.chain and item.chain[-1] == path]
        top = min(
            (tops[made.items[i].rank] + (tall[made.items[i].rank] - made.items[i].tall) / 2 for i in members),
            default=float("inf"),
        )
        bottom = max(
            (tops[made.items[i].rank] + (tall[made.items[i].rank] + made.items[i].tall) / 2 for i in members),
            default=-float("inf"),
        )
        for other, parent in made.parents.items():
            if parent == path:
                x, y, wide, high = layout.boxes[other]
                start, size = (x, wide) if graph.across else (y, high)
                top, bottom = min(top, start), max(bottom, start + size)
        low, high = sides[path]
        top, bottom = top - PAD - title, bottom + PAD
        (x, y), (wide, high) = swap(low, top), swap(high - low, bottom - top)
        layout.boxes[path] = (x, y, wide, high)
    for edge, chain in zip(graph.edges, made.chains, strict=True):
        points = [(at[i], tops[made.items[i].rank], tops[made.items[i].rank] + tall[made.items[i].rank]) for i in chain]
        layout.routes[edge.key] = route(graph, layout, edge.tail, edge.tail_port, edge.head, edge.head_port, points, swap)
    return moved(layout, graph)


def nesting(made: Plan, path: str, first: int | None = None, last: int | None = None) -> int:
    """How many boxes around ``path``, it among them, begin (or end) at a rank."""
    count = 0
    while path:
        span = made.spans[path]
        count += span[0] == first if first is not None else span[1] == last
        path = made.parents[path]
    return count


def route(
    graph: Graph, layout: Layout, tail: str, tail_port: str, head: str, head_port: str, points: list, swap
) -> list[Point]:  # type: ignore[no-untyped-def, type-arg]
    """Straight through the bands of ranks, and S-curves between them."""
    (tx, ty), (hx, hy) = layout.at[tail], layout.at[head]
    start = graph.nodes[tail].card.ports[tail_port]
    end = graph.nodes[head].card.ports[head_port]
    sx, sy = swap(tx + start[0], ty + start[1])
    ex, ey = swap(hx + end[0], hy + end[1])
    stops = [(sx, sy, max(sy, points[0][2])), *points[1:-1], (ex, min(ey, points[-1][1]), ey)]
    path = [(sx, sy)]
    if stops[0][2] - sy > 0.01:
        path += line(path[-1], (sx, stops[0][2]))
    for (x0, _, bottom), (x1, top, lower) in pairwise(stops):
        bend = (top - bottom) * 0.5
        path += [(x0, bottom + bend), (x1, top - bend), (x1, top)]
        if lower - top > 0.01:
            path += line((x1, top), (x1, lower))
    return [swap(x, y) for x, y in path]


def line(a: Point, b: Point) -> list[Point]:
    return [
        (a[0] + (b[0] - a[0]) / 3, a[1] + (b[1] - a[1]) / 3),
        (a[0] + (b[0] - a[0]) * 2 / 3, a[1] + (b[1] - a[1]) * 2 / 3),
        b,
    ]


def moved(layout: Layout, graph: Graph) -> Layout:
    """The same with its upper left corner at the origin."""
    corners = [(x, y, x + graph.nodes[key].card.width, y + graph.nodes[key].card.height) for key, (x, y) in layout.at.items()]
    corners += [(x, y, x + wide, y + tall) for x, y, wide, tall in layout.boxes.values()]
    corners += [(x, y, x, y) for route in layout.routes.values() for x, y in route]
    left, top = min(c[0] for c in corners), min(c[1] for c in corners)
    layout.width, layout.height = max(c[2] for c in corners) - left, max(c[3] for c in corners) - top
    layout.at = {key: (x - left, y - top) for key, (x, y) in layout.at.items()}
    layout.boxes = {key: (x - left, y - top, wide, tall) for key, (x, y, wide, tall) in layout.boxes.items()}
    layout.routes = {key: [(x - left, y - top) for x, y in route] for key, route in layout.routes.items()}
    return layout
