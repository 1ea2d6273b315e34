"""One report on five sites: the pages of the demo and the end-to-end tests.

Every name, place and number is invented. Each site has a template of its own,
so that only the words, and the video, are shared:

  www.harrowline.example     the origin: a report with an embedded video
  www.worldinquiry.example   a republisher that says so, in every line that
                             such pages carry
  mirror.daybook.example     a faithful mirror with its own copy of the video
  www.sentinelpost.example   a copy with one number and one negation changed
                             and a video that lacks one shot; names no source
  www.osktimes.example       another story altogether

PAGES gives what a reader should find on each: the tests assert it.
"""
import html
import json

ORIGIN = 'www.harrowline.example'
REPUBLISHER = 'www.worldinquiry.example'
MIRROR = 'mirror.daybook.example'
ALTERED = 'www.sentinelpost.example'
UNRELATED = 'www.osktimes.example'
HOSTS = (ORIGIN, REPUBLISHER, MIRROR, ALTERED, UNRELATED)

PATHS = {
    ORIGIN: '/2026/03/04/dyke-crews-gain-ground-along-the-teal/',
    REPUBLISHER: '/video-dyke-crews-gain-ground-along-teal-relief-convoy-'
                 'enters-brandt/5702301',
    MIRROR: '/reports/teal-river.html',
    ALTERED: '/world/teal-river-update',
    UNRELATED: '/city/osk-bridge-reopens',
}
FILM_PATH = '/wp-content/uploads/video/HL_04_03_2026.mp4'

TITLE = ('Dyke Crews Gain Ground Along the Teal River. '
         'Relief Convoy Enters Brandt')

PARAGRAPHS = (
    'On March 3, crews of the Teal River Authority closed 41 of the 58 '
    'breaches between Brandt and Lower Osk, the authority’s engineers said '
    'in their evening report. The closures cut the flow into the eastern '
    'fields by half within nine hours.',
    'The main effort was made near the village of Orrin, where two pumping '
    'companies worked through the night. According to the duty officer, '
    'Halima Verrin, the pumps ran for nineteen hours, although the power '
    'line from Osk failed twice.',
    'Later on the same day, the crews reached the grain stores at Pell and '
    'raised a second wall of sandbags behind the old one. Aerial pictures '
    'released by the authority show the work from above:',
    'Upstream, the Marlow dam was not damaged, and the reservoir behind it '
    'stood 1.8 metres below the spillway at noon. Engineers had opened the '
    'lower gates on February 27 to make room for the melt water.',
    '“We have two dry days at best, and we mean to use every hour of them,” '
    'said Tomas Adeyi, who leads the works at Orrin. He added that the wall '
    'between Pell and Brandt would need another 6,000 sandbags before the '
    'weekend.',
    'In the evening a relief convoy of 23 lorries with blankets, fuel and '
    'drinking water entered Brandt by the northern road. It was the first '
    'to reach the town since the bridge at Kessel was closed on February '
    '24, and the town council said that it carried enough for five days.',
    'The authority expects the river to rise again on Friday. If the wall '
    'at Orrin holds, the closing of the remaining breaches near Lower Osk '
    'will continue.',
)
VIDEO_AFTER = 3  # paragraphs before the video

# What the altered copy says instead: one number, one negation.
ALTERATIONS = (
    ('closed 41 of the 58 breaches', 'closed 14 of the 58 breaches'),
    ('the Marlow dam was not damaged', 'the Marlow dam was damaged'),
)

APPEAL = (
    'Support Harrow Line in its work: this report was made without '
    'advertising and without a paywall.',
    'PayPal: donate@harrowline.example',
    'Patreon: https://patrons.example/harrowline',
)

OTHER_TITLE = 'Osk Bridge Reopens to Trams After a Winter of Repairs'
OTHER_PARAGRAPHS = (
    'Trams crossed the iron bridge in the old town of Osk on Monday morning '
    'for the first time since October, when cracks were found in two of its '
    'girders.',
    'The city replaced 312 rivets and strengthened both ends of the span. '
    'The works cost a little less than had been planned, said the councillor '
    'for transport, Edda Molnar.',
    'For cyclists nothing changes before May: their lane is still used to '
    'store rails. Shopkeepers at the western end hope that customers will '
    'find their way back sooner.',
    'A festival on the quays will mark the opening on the first Saturday of '
    'April, with music, a market, and rides on a tram of 1926.',
)


def _paragraphs(texts):
    return [f'<p>{html.escape(text, quote=False)}</p>' for text in texts]


def altered_paragraphs():
    changed = []
    for text in PARAGRAPHS:
        for old, new in ALTERATIONS:
            text = text.replace(old, new)
        changed.append(text)
    return changed


def origin_page(site):
    """A newspaper's template: JSON-LD graph, <video>, a rail of links."""
    url, film = site.url(ORIGIN), site.film_url(ORIGIN)
    graph = {
        '@context': 'https://schema.org',
        '@graph': [
            {'@type': 'NewsMediaOrganization', '@id': '#org',
             'name': 'Harrow Line', 'url': site.base(ORIGIN) + '/'},
            {'@type': 'NewsArticle', 'headline': TITLE,
             'datePublished': '2026-03-04T07:30:00+00:00',
             'dateModified': '2026-03-04T07:30:00+00:00',
             'mainEntityOfPage': url,
             'author': {'@type': 'Organization', 'name': 'Harrow Line'},
             'publisher': {'@id': '#org', 'name': 'Harrow Line'},
             'video': {'@type': 'VideoObject', 'name': TITLE,
                       'contentUrl': film, 'uploadDate': '2026-03-04',
                       'thumbnailUrl': site.base(ORIGIN) + '/poster.jpg'}},
        ],
    }
    body = _paragraphs(PARAGRAPHS)
    body.insert(VIDEO_AFTER, f'''<figure class="report-film">
<video controls preload="none" poster="/poster.jpg">
<source src="{FILM_PATH}" type="video/mp4"></video>
</figure>''')
    return f'''<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{TITLE} - Harrow Line</title>
<link rel="canonical" href="{url}">
<meta property="og:type" content="article">
<meta property="og:site_name" content="Harrow Line">
<meta property="og:title" content="{TITLE}">
<meta property="og:url" content="{url}">
<meta property="og:video" content="{film}">
<meta property="article:published_time" content="2026-03-04T07:30:00+00:00">
<script type="application/ld+json">{json.dumps(graph)}</script>
<link rel="alternate" type="application/rss+xml" href="/feed/">
</head>
<body class="single">
<header class="top"><a href="/">Harrow Line</a>
<nav><ul><li><a href="/">Home</a></li><li><a href="/maps/">Maps</a></li>
<li><a href="/about/">About</a></li></ul></nav></header>
<main>
<article class="report">
<h1 class="report-title">{TITLE}</h1>
<p class="meta">By <a rel="author" href="/about/">Harrow Line</a> ·
<time datetime="2026-03-04T07:30:00+00:00">4 March 2026</time></p>
<div class="report-body">
{chr(10).join(body)}
<div class="appeal">{''.join(_paragraphs(APPEAL))}</div>
</div>
</article>
<aside><h2>More reports</h2><ul>
<li><a href="/2026/03/03/osk-gauge-readings/">Gauge readings at Osk</a></li>
<li><a href="/2026/03/02/kessel-bridge/">The bridge at Kessel</a></li>
</ul></aside>
</main>
<footer><p>© 2026 Harrow Line. Contact: desk@harrowline.example</p></footer>
</body>
</html>
'''


def republisher_page(site):
    """An older template, with every line that a republication carries."""
    origin, film = site.url(ORIGIN), site.film_url(ORIGIN)
    base = site.base(REPUBLISHER)
    body = _paragraphs(PARAGRAPHS)
    body.insert(VIDEO_AFTER, f'<p>{film}</p>')
    return f'''<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" lang="en-US">
<head>
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8" />
<title>Video: {TITLE} - World InquiryWorld Inquiry - Institute for Open \
Inquiry</title>
<meta property="og:title" content="Video: {TITLE}" />
<meta property="og:site_name" content="World Inquiry" />
<meta property="og:url" content="{site.url(REPUBLISHER)}" />
</head>
<body>
<div id="header"><a href="{base}/">World Inquiry</a>
<div class="menu"><a href="{base}/about">About</a> |
<a href="{base}/membership">Membership</a> |
<a href="{base}/newsletter">Newsletter</a></div></div>
<div id="wrap"><div id="left">
<h1 class="postTitle">Video: {TITLE}</h1>
<div class="postMeta">
<strong>By <a href="{base}/author/harrow-line">Harrow Line</a></strong><br />
<span>World Inquiry, March 05, 2026</span><br />
<span><a href="{origin}">Harrow Line</a> 4 March 2026</span><br />
<div class="tax">Region: <a href="{base}/region/teal-valley">Teal Valley</a>
</div>
<div class="tax">Theme: <a href="{base}/theme/environment">Environment</a>,
<a href="{base}/theme/disaster-relief">Disaster Relief</a></div>
<div class="tax">In-depth Report: <a href="{base}/indepthreport/river">THE \
RIVER</a></div>
</div>
<div class="KonaBody">
{chr(10).join(body)}
<p style="text-align: center;">*</p>
<p><em>Note to readers: please click the share buttons above or below. Forward \
this article to your email lists. Crosspost on your blog site, internet forums, \
etc.</em></p>
<p><strong>{APPEAL[0]}</strong></p>
<p>{APPEAL[1]}</p>
<p>{APPEAL[2]}</p>
</div>
<div class="source">
<p>The original source of this article is <a href="{origin}">Harrow Line</a><br />
Copyright © <a href="{base}/author/harrow-line">Harrow Line</a>, \
<a href="{origin}">Harrow Line</a>, 2026</p>
<hr />
<p><a href="{base}/facebook"><strong>Comment on World Inquiry Articles on our \
Facebook page</strong></a></p>
<p><a href="{base}/membership"><strong>Become a Member of World Inquiry\
</strong></a></p>
</div>
<div class="author"><p>Articles by: <a href="{base}/author/harrow-line">Harrow \
Line</a></p></div>
<div class="disclaimer">
<p><strong>Disclaimer:</strong> The contents of this article are of sole \
responsibility of the author(s). World Inquiry does not answer for statements \
in it that prove to be wrong. The Institute for Open Inquiry grants permission \
to cross-post World Inquiry articles on community internet sites as long as \
the source and copyright are named together with a hyperlink to the original \
World Inquiry article. For publication in print or on commercial sites, write \
to: <a href="mailto:publications@worldinquiry.example">\
publications@worldinquiry.example</a></p>
<p>{base}/ contains copyrighted material the use of which has not always been \
specifically authorized by the copyright owner. We make it available to our \
readers under the provisions of “fair use” in an effort to help people \
understand events. The material on this site is given without profit to those \
who want it for research and educational purposes.</p>
<p>For media inquiries: <a href="mailto:publications@worldinquiry.example">\
publications@worldinquiry.example</a></p>
</div>
</div>
<div id="right"><h3>Most read this week</h3><ul>
<li><a href="{base}/a/1">Five years of river walls</a></li>
<li><a href="{base}/a/2">Who pays for the pumps?</a></li></ul></div>
</div>
<div id="footer">Privacy Policy | Copyright © 2005-2026 World Inquiry</div>
</body>
</html>
'''


def mirror_page(site):
    """Bare HTML, as a hobby mirror has it; its own copy of the film."""
    body = _paragraphs(PARAGRAPHS)
    body.insert(VIDEO_AFTER,
                '<video src="/films/HL_04_03_2026.mp4" controls></video>')
    return f'''<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{TITLE} | Daybook Mirror</title>
<meta name="date" content="2026-03-04"></head>
<body>
<nav><a href="/">Daybook Mirror</a> <a href="/list.html">All reports</a></nav>
<article>
<h1>{TITLE}</h1>
<p class="date">March 4, 2026</p>
{chr(10).join(body)}
<p>Source: <a href="{site.url(ORIGIN)}">Harrow Line</a></p>
</article>
</body>
</html>
'''


def altered_page(site):
    """A portal's template whose player is set up by a script."""
    film = site.base(ALTERED) + '/cdn/v/teal.mp4'
    body = _paragraphs(altered_paragraphs())
    body.insert(VIDEO_AFTER, f'''<div class="player" id="player-1"></div>
<script>jwplayer("player-1").setup({{"file":{json.dumps(film)},\
"image":"/cdn/v/teal.jpg","width":"100%"}});</script>''')
    return f'''<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<title>{TITLE} — Sentinel Post</title>
<meta property="og:site_name" content="Sentinel Post">
<meta property="og:title" content="{TITLE}">
<meta property="article:published_time" content="2026-03-07T16:05:00Z">
<meta name="author" content="Staff Writer">
</head>
<body>
<div class="page"><div class="page__bar"><a href="/">Sentinel Post</a>
<a href="/world">World</a><a href="/money">Money</a></div>
<section class="story">
<h1 class="story__h">{TITLE}</h1>
<div class="story__by">By Staff Writer | March 7, 2026, 16:05 UTC</div>
<div class="story__text">
{chr(10).join(body)}
</div>
<div class="story__share"><button>Share</button><button>Save</button></div>
</section>
<section class="more"><h2>You may also like</h2>
<a href="/world/a">Ten rivers seen from space</a>
<a href="/money/b">What a sandbag costs</a></section>
</div>
<footer>© 2026 Sentinel Post Media. All rights reserved.</footer>
</body>
</html>
'''


def unrelated_page(site):
    del site
    return f'''<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><title>{OTHER_TITLE} | Osk Times</title></head>
<body>
<header><a href="/">Osk Times</a></header>
<article><h1>{OTHER_TITLE}</h1>
<p>By Ruth Calder, March 4, 2026</p>
{chr(10).join(_paragraphs(OTHER_PARAGRAPHS))}
</article>
<footer>Osk Times, the town's paper</footer>
</body>
</html>
'''


def feed(site):
    """The origin's RSS, with the film as an enclosure."""
    return f'''<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel>
<title>Harrow Line</title><link>{site.base(ORIGIN)}/</link>
<description>Reports from the Teal valley</description>
<item><title>{TITLE}</title><link>{site.url(ORIGIN)}</link>
<guid isPermaLink="true">{site.url(ORIGIN)}</guid>
<pubDate>Wed, 04 Mar 2026 07:30:00 +0000</pubDate>
<enclosure url="{site.film_url(ORIGIN)}" type="video/mp4" length="1"/>
</item></channel></rss>
'''


def front_page(site):
    return f'''<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>Harrow Line</title>
<link rel="alternate" type="application/rss+xml" href="/feed/"></head>
<body><h1>Harrow Line</h1><ul>
<li><a href="{PATHS[ORIGIN]}">{TITLE}</a></li>
</ul></body></html>
'''
