/** The public pages' looks, by day and by night. No fonts, pictures or scripts from anywhere: nobody is told who reads them. */
export const PAGE_STYLE = `:root{color-scheme:light dark;--ink:#1f2933;--soft:#52606d;--page:#f4f1ec;--card:#fff;--line:#cbd2d9;--edge:#6b7885;--main:#1d4e6b;--on-main:#fff;--chosen:#eef4f7;--bad:#7b2d1c;--good:#e8f3ea;--good-edge:#2f6b3c;--focus:#b7791f}
@media (prefers-color-scheme:dark){:root{--ink:#e4e7eb;--soft:#a9b4c0;--page:#14191f;--card:#1e262e;--line:#3a4650;--edge:#8794a1;--main:#8ec5e6;--on-main:#0f1a22;--chosen:#22333f;--bad:#f0a592;--good:#1d3325;--good-edge:#7cc48d;--focus:#f0b429}}
*{box-sizing:border-box}
body{font:1.0625rem/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;color:var(--ink);background:var(--page);margin:0;padding:3rem 1.25rem;-webkit-text-size-adjust:100%;overflow-wrap:break-word}
main,footer{max-width:36rem;margin:0 auto}
main{background:var(--card);border-radius:.75rem;padding:2rem;box-shadow:0 1px 3px #0000001f}
footer{padding:1rem 2rem 0;font-size:.9375rem;color:var(--soft);display:flex;flex-wrap:wrap;gap:.25rem 1.25rem}
footer span{margin-right:auto}
h1{font-size:1.625rem;line-height:1.25;margin:0 0 1rem;text-wrap:balance}
h2,legend{font-size:1.125rem;line-height:1.35;font-weight:650;margin:0 0 .5rem;padding:0}
p{margin:0}
p+p,ul+p,blockquote+p,form+p,form+h2{margin-top:1rem}
ul{margin:1rem 0;padding-left:1.25rem}
blockquote{margin:1rem 0;padding:.25rem 0 .25rem 1rem;border-left:4px solid var(--line);color:var(--ink)}
form{margin:1.5rem 0 0}
fieldset,.group{border:0;margin:0 0 2rem;padding:0;min-width:0}
.address{display:inline-block}
section{margin-top:2rem;padding-top:1.5rem;border-top:1px solid var(--line)}
section form{margin-top:1rem}
section+p{margin-top:1.5rem}
a{color:var(--main);text-underline-offset:.15em}
button{font:inherit;font-weight:600;color:var(--on-main);background:var(--main);border:2px solid var(--main);border-radius:.5rem;padding:.625rem 1.5rem;cursor:pointer}
button:hover{filter:brightness(1.12)}
button.second{color:var(--main);background:none}
:is(button,a,input,select,summary):focus-visible{outline:3px solid var(--focus);outline-offset:2px}
.hint{color:var(--soft);font-size:.9375rem}
p.hint{margin-top:.75rem}
legend+.hint{margin:-.25rem 0 .75rem}
.choice{display:flex;align-items:flex-start;gap:.75rem;padding:.75rem 1rem;margin:0 0 .5rem;border:1px solid var(--line);border-radius:.5rem;cursor:pointer}
.choice:hover{border-color:var(--main)}
.choice:has(:checked){border-color:var(--main);background:var(--chosen)}
.choice:has(:disabled){cursor:default;border-color:var(--line)}
.choice input{width:1.25rem;height:1.25rem;margin:.15rem 0 0;flex:none;accent-color:var(--main)}
.choice span{min-width:0}
.choice .hint{display:block}
.field{display:block;margin:0 0 1.5rem}
.field>span{display:block;font-size:1.125rem;font-weight:650;margin-bottom:.5rem}
.text,select{display:block;width:100%;font:inherit;color:inherit;background:var(--card);padding:.75rem 1rem;border:1px solid var(--edge);border-radius:.5rem}
.choices+button,.text+button{margin-top:1rem}
.problem{border-left:4px solid var(--bad);padding:.25rem 0 .25rem 1rem;color:var(--bad)}
.done{border-left:4px solid var(--good-edge);background:var(--good);border-radius:.25rem;padding:.75rem 1rem;margin:1rem 0}
.done ul{margin:.25rem 0 0}
.done p{margin:0}
.ways{list-style:none;padding:0;margin:0 0 -.75rem}
.ways li{border-top:1px solid var(--line)}
.ways li:first-child{border-top:0}
.ways a{display:block;padding:.75rem 0}
@media (max-width:30rem){body{padding:0;background:var(--card)}main{padding:1.5rem 1.25rem;border-radius:0;box-shadow:none}footer{padding:1rem 1.25rem 1.5rem;border-top:1px solid var(--line)}button{width:100%}footer span{flex-basis:100%}}`;
