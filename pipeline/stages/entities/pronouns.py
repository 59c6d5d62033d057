"""Whom he, she, who and a quoted I refer to."""

from __future__ import annotations

from typing import Final

import polars as pl

from pipeline.names import key
from pipeline.stages.entities.text import ARTICLE, ENTITY, HE, PRONOUN, SHE, SPAN, find, in_content

PRONOUN_ALONE = 0.8  # the sentence that the pronoun looks back to names one person
PRONOUN_CHOSEN = 0.6  # it names several who could be meant, and the one who speaks or comes first is taken

# Characters back to the name that a pronoun stands for, or to the pronoun before it that stands for the same: three
# paragraphs of a news text. Beyond, it is a guess.
PRONOUN_REACH = 600
# He, she: what a sentence goes on about. His, him, her may be anyone's of the sentence.
SUBJECT = r"^(?:[Hh]e|[Ss]he)$"

# Between a name and its "who": where from, a party in brackets, a role in commas.
BETWEEN = r"^(?:\s(?:of|from)\s[^,.;()\n]{1,40})?(?:\s\([^)\n]*\))?(?:,\s[^,.;\n]{1,80})?(?:,?\s|\s\()$"
# A full stop that ends no sentence.
ABBREVIATION = r"\b(?:[A-Z]|Mr|Mrs|Ms|Dr|Sen|Sens|Rep|Reps|Gov|Gen|Lt|Col|Capt|Adm|Rev|Jr|Sr|St|vs|No|Inc|Corp|Co)\."
SENTENCE_END = r"[.!?][”’\"')]*\s|\n"

# Given names that nearly only women or only men bear in the English-language press.
WOMEN: Final = """
abby abdallah abdel abdullah abe abigail adele adnan adolf adolfo agnes agustin aisha akira alain alastair aldo alec
alejandro aleksandr aleksei alessandro alex alexandra alexei alexis alfonso alfredo alice alicia alina alison alistair
allison alonzo amadou amanda amber amelia amos amy ana anatoly andrea andreas andrei angela angelina angelo angus anil
anita ann anna anne annette annie antoine antonin anya april archie ari ariana arlene armando arnaud arseniy arturo
ashley ashraf audrey augusto ava axel aziz baltasar barbara bashar basil beatrice beau becky belinda bella benito
benny benoit bernadette bernardo beth bethany betsy betty beverly bilal blaine blake bob bonnie boyd braden brenda
brianna bridget brittany brock brooke bud byron caitlin camille candace candice carla carlo carlton carly carmen
carmine carol carole caroline carolyn cassandra catherine cathy cecil cecilia celeste cesar chaim charlene charlotte
chas chelsea cheryl chloe christina christine chuck cindy claire clara claudia claudio clement cliff colby colleen
connie conrad cornell cory courtney crystal cuauhtemoc curtis cy cynthia cyrus daisy damien damon danielle daphne
dario darlene darrell darrin daryl dawn debbie deborah debra deepak deirdre delbert delia demetrius denise denny
desiree deval devin diana diane dianne diego dieter dimitri dina dirk dmytro dolores dominick donna donnie dora doris
dorothy dougal dov dustin dwight eamon earle eberhard edgardo edith edmond efrain efren eileen eladio elaine elbert
eldridge eleanor elena eliot elisabeth elise elizabeth ella ellen ellis eloise elsa elton emil emile emilio emily emma
emmett enrico erica erich erika erin ernie erwin esther ethan ethel etienne eva eve evelyn ezra faisal faith fareed
fatima federico felicia felipe fidel filippo fiona florence floyd frances franco francois frankie fritz gabriela
gabrielle gail garrett garry gaston gavin gennady georg georges geraldine geraldo gianni gideon gilberto gina ginny
giorgia giorgio giovanni giuseppe gladys glenda gloria gonzalo grace greta gretchen gunther gustav gustavo gwen habib
hamid hamza hani hannah hans hashim hazel heath heather heidi heinrich heinz helen helena helmut henri henrietta
hernan hideki hillary hiram hiroshi holly hope hosni hubert humberto hussein hyman ida ignacio ike ilana ilse imogen
ines ingmar ingrid irene iris irving irwin isabel isabella isaiah isidro itzhak ivana ivanka iwan jace jacqueline
jacques jamaal jamil jane janet janice janos jaroslaw jasmine jeanne jed jen jenna jennifer jenny jens jeremiah
jermaine jessica jill jimmie joan joanna joanne joaquin jocelyn jock jodi johann johannes johnnie jonas jordi josef
josep josephine joy joyce jozef juanita judith judy juergen julia juliana julie julien juliet june jurgen kaitlyn kara
kareem karen karim karin karoline kasim kate katharine katherine kathleen kathryn kathy katie katrina kay keenan keir
keisha kellyanne kelsey kenji kenny kermit khaled kieran kimberly kirk kirsten kofi konrad kristen kristian kristin
kristina kristofer kurt kwame lambert lana larissa lars latoya laura lauren laurent lawton lazaro leah lech leila
leland lena leonardo leopold les levi liam lily linda linus lisa lloyd logan lois lola loretta lori lorne lorraine
lothar louise luc luca lucia luciano lucille lucy ludwig luigi lydia lyle lyndon lynn mack mackenzie maddie madeleine
madeline maggie maksim manfred manny manolo mansour mara marcel marcelo marcia margaret margarita maria mariah marian
marianne marie marilyn marina marion marissa marjorie marla marlene marlon marsha martha marty marwan mary maryanne
masood mateo mathias matteo matthias maureen mauricio maxim maxine megan meghan megyn mehmet mel melania melanie
melinda melissa melvin mercedes meredith merrick mervyn mia micah micheal michelle mickey miguel mika mikael milan
mildred milo milos mindy miriam mohammad molly monica monte mordechai morris mort mustafa nadia nancy naomi nasser
natalia natalie natasha nate naveed ned nelson nestor niall nick nicole niels nikita nikki nikolai nina nora norbert
norm norma nouri octavio odile olaf ole olga olivia olivier omer orville osvaldo otis pamela pascal pasquale patricia
patricio patsy patti paula pauline pavlo pawel pedro peggy penelope penny pervez petros phyllis pierce piers pietro
piotr polly porter preston priscilla quentin quincy rachel radovan rafi raheem raila rajiv raleigh ramiro ramona
randal randall randolph raoul rashad rashid rebecca recep reggie regina reinhard rene renee reuben rex reza rhonda
rhys ricky rico rita rob roberta rocco rocky rodolfo rodrigo rogelio roland rolando rolf roman romeo rosa rosalind
rosemary rosendo roxanne royce ruben ruby rufus ruth rutherford sabrina saeed sal salim sally samantha sami sammy
sandor sandra sanjay santiago sara sarah savannah sayed sergio shane shaquille sharon sheila shelley sherman sherry
shimon shinzo shirley sid silvio simeon sofia sol sonia sonya sophia sophie spencer stacey stefano stella steny
stephanie sterling stu sue susan susanna susanne suzanne sven syed sylvia tamara tammy tanya tara tariq tatiana tayyip
teresa tess thaddeus thelma theo theodor theresa thom thorsten tiffany tina tito tomas tommaso tonya toshiro trent
trevor trey tucker tulsi tyrone tyson ulysses umberto uri ursula usman valentin valerie vance vanessa vaughn vera vern
veronica victoria vidal vijay vince viola violet virgil virginia vito vittorio vivian vladislav volker wade waldo
walid wally walt wanda wayne wendell wendy werner weston wiley wilhelm wilma winifred winston woody yair yasir yasser
yitzhak yolanda yoshihide yvette yvonne zack zalmay zane zbigniew zeke zoe
"""
MEN: Final = """
aaron abdul abraham adam adrian ahmed al alan albert alejandro alexander alfred ali allen alvin amir anders andre
andrew andriy andy angus anthony antonin antonio arnold arthur asher austin barack barney barry bart ben benedict
benjamin bernard bernie bert bill billy bob bobby boris brad bradley brandon brendan brent bret brett brian bruce
bruno bryan byron caleb calvin carl carlos cedric chad charles charlie chester chris christian christopher chuck
clarence clark claude clay clayton cliff clifford clint clinton cody colin conor corey cornelius craig curt curtis
cyril dale damian dan daniel danny darren darryl dave david dean dennis derek desmond dick dmitri dmitry dominic don
donald doug douglas drew duane duncan dustin dwayne dwight dylan earl ed eddie edgar edmund eduardo edward edwin eli
elijah elliot elliott elmer emmanuel enrique eric erik ernest ernesto ethan eugene evan felix ferdinand fernando
fletcher floyd francisco francois frank franklin fred frederick fritz gabriel gareth garrett gary gavin gene geoffrey
george gerald gerard gilbert giles glen glenn gordon graham grant greg gregory guido gus guy hal hank hans harold
harris harry harvey hassan hector henry herbert herman homer horace howard hubert hugh hugo ian ibrahim igor ilan
isaac ismail ivan ivo jack jackson jacob jake jamal james jared jason javier jay jeb jeff jeffrey jens jeremy jerome
jerry jesse jim jimmy joachim joe joel joey johan john johnny jon jonah jonathan jorge jose joseph josh joshua juan
jules julian julio julius justin karl keith ken kenneth kent kevin khalid khizr klaus kurt kyle lance larry lars
laurence lawrence lee leo leon leonard leonid leroy lester lewis lincoln lionel lloyd lorenzo louis lucas luis luke
luther mahmoud malcolm manuel marc marco marcus mario mark marshall martin marvin mathew matt matthew maurice max
maxwell michael miguel mike mikhail miles milton mitch mitchell mitt mohamed mohammad mohammed moses muhammad murray
nathan nathaniel neil nelson newt nicholas nick nicolas nigel noah noel norman oleg oliver omar orlando orrin osama
oscar otto owen pablo patrick paul pavel pedro percy perry pete peter petr petro phil philip phillip pierre piet
rafael rahm ralph ramon rand randy raul ray raymond reginald reince rex ricardo richard rick robbie robby robert
roberto rod roderick rodney rodrigo roger roland ron ronald rory ross roy rudolph rudy rupert russ russell ryan salman
salvador sam samuel saul scott sean sebastian sergei sergey seth shane shaun sheldon sidney simon stan stanley stefan
stephen steve steven stewart stuart tad ted terrence terry theodore thomas tim timothy tobias toby todd tom tommy tony
travis trent trevor trey troy tyler ulrich valery vernon victor viktor vincent vladimir volodymyr wallace walter
warren wayne wesley wilbur wilfred will willard william willie wolfgang woodrow xavier yuri yusuf zachary
"""


def _given_names() -> pl.DataFrame:
    return pl.concat(
        pl.DataFrame({"given": names.split()}).with_columns(given_gender=pl.lit(gender))
        for names, gender in ((WOMEN, "f"), (MEN, "m"))
    )


def resolve_pronouns(
    articles: pl.DataFrame, statements: pl.DataFrame, resolved: pl.DataFrame, speakers: pl.DataFrame
) -> pl.DataFrame:
    """One row per third-person pronoun with a sure person.

    The person is looked for in the nearest sentence before that names one who fits, in the same voice: what is quoted
    looks back in the quotation, the outlet to what the outlet says. Of several in that sentence `he` and `she` are the
    one who speaks there, else the first: the subject; his, him and her are left apart.
    """
    quotes = statements.filter(pl.col("kind") != "indirect")
    spoken = pl.concat(
        [
            speakers.filter(pl.col("start_name").is_not_null()).select(*ARTICLE, start="start_name", end="end_name"),
            statements.select(*ARTICLE, start="speaker_start", end="speaker_end"),
        ]
    ).unique()
    pronouns = (
        find(articles, PRONOUN)
        .with_columns(
            pronoun=pl.when(pl.col("text").str.contains(HE))
            .then(pl.lit("m"))
            .when(pl.col("text").str.contains(SHE))
            .then(pl.lit("f")),
        )
        .join(resolved, on=SPAN, how="anti")
        .pipe(in_content, quotes, "quote")
        .with_columns(is_subject=pl.col("text").str.contains(SUBJECT))
        .drop("text")
    )
    persons = (
        resolved.filter(pl.col("type") == "PER")
        .pipe(in_content, quotes, "quote")
        # Nor whom someone's reported words name: they go on about the speaker.
        .filter(pl.col("quote").is_not_null() | pl.col("statement_id").is_null())
        .join(spoken.with_columns(speaks=pl.lit(True)), on=SPAN, how="left")
        .with_columns(given=key(pl.col("name")).str.split(" ").list.first())
        .join(_given_names(), on="given", how="left")
        .with_columns(
            gender=pl.coalesce(
                pl.col("gender").cast(pl.String),
                pl.col("titled").drop_nulls().first().over(*ARTICLE, "entity_id"),
                "given_gender",
            )
        )
        .select(*SPAN, *ENTITY, "speaks", "quote", pl.col("is_possessive").fill_null(False))
    )
    last_end = pl.col("end").shift(1, fill_value=0).over(ARTICLE, order_by="start")
    gap = pl.col("body").str.slice(last_end, pl.max_horizontal(pl.col("start") - last_end, 0))
    anchors = (
        pl.concat([persons, pronouns.join(persons, on=ARTICLE, how="semi")], how="diagonal")
        .join(articles.select(*ARTICLE, "body"), on=ARTICLE)
        .sort(SPAN)
        .with_columns(ends=gap.str.replace_all(ABBREVIATION, "").str.contains(SENTENCE_END))
        .drop("body")
        .with_columns(sentence=pl.col("ends").cum_sum().over(ARTICLE), quote=pl.col("quote").fill_null(""))
    )
    side = [*ARTICLE, "quote", "pronoun"]
    named = pl.concat(
        anchors.filter(pl.col("entity_id").is_not_null(), pl.col("gender").eq(gender).fill_null(True)).with_columns(
            pronoun=pl.lit(gender)
        )
        for gender in ("f", "m")
    )
    # Links of one chain: the names that a pronoun may stand for and the pronouns, none too far from the one before.
    chains = (
        pl.concat([named, anchors.filter(pl.col("entity_id").is_null())], how="diagonal")
        .sort(*side, "start")
        .with_columns(
            chain=(pl.col("start") - pl.col("start").shift(1).over(side) > PRONOUN_REACH)
            .fill_null(False)
            .cum_sum()
            .over(side)
        )
    )
    named = chains.filter(pl.col("entity_id").is_not_null())
    # "Clinton's" is seldom who speaks next, but often whose the next thing is.
    subjects = _look_back(chains.filter("is_subject"), named.filter(~pl.col("is_possessive")))
    others = _look_back(chains.filter(~pl.col("is_subject")), named)
    return pl.concat([subjects, others.filter(pl.col("probability") == PRONOUN_ALONE)])


def _look_back(pronouns: pl.DataFrame, named: pl.DataFrame) -> pl.DataFrame:
    """Each pronoun with the person of the nearest sentence before it that names one of the same side."""
    side = [*ARTICLE, "quote", "pronoun"]
    meant = named.group_by(*side, "sentence").agg(
        pl.col(*ENTITY, "start").sort_by("speaks", "start", nulls_last=True).first().name.suffix("_meant"),
        persons=pl.col("entity_id").n_unique(),
    )
    return (
        pronouns.select(*SPAN, "quote", "pronoun", "chain")
        .sort("start")
        .join_asof(
            named.select(*side, "sentence", named_at="start", named_chain="chain").sort("named_at"),
            left_on="start",
            right_on="named_at",
            by=side,
            allow_exact_matches=False,
            check_sortedness=False,
        )
        .join(meant, on=[*side, "sentence"])
        .filter(
            pl.col("start_meant") < pl.col("start"),
            pl.col("chain") == pl.col("named_chain"),
            (pl.col("persons") == 1) | pl.col("gender_meant").is_not_null(),
        )
        .select(
            *SPAN,
            *(pl.col(f"{c}_meant").alias(c) for c in ENTITY),
            method=pl.lit("pronoun"),
            probability=pl.when(pl.col("persons") == 1, pl.col("gender_meant").is_not_null())
            .then(PRONOUN_ALONE)
            .otherwise(PRONOUN_CHOSEN),
        )
    )


def resolve_relatives(articles: pl.DataFrame, statements: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """One row per speaker `who` after the name of a person: "Lund, who says", "Lund (R), a lawyer, who says"."""
    relatives = (
        statements.filter(pl.col("speaker").str.to_lowercase() == "who")
        .select(*ARTICLE, start="speaker_start", end="speaker_end")
        .unique(SPAN)
    )
    persons = resolved.filter(pl.col("type") == "PER", ~pl.col("is_possessive").fill_null(False)).select(
        *ARTICLE, *ENTITY, named_until="end"
    )
    gap = pl.col("body").str.slice(pl.col("named_until"), pl.col("start") - pl.col("named_until"))
    return (
        relatives.sort("start")
        .join_asof(
            persons.sort("named_until", "entity_id"),
            left_on="start",
            right_on="named_until",
            by=ARTICLE,
            check_sortedness=False,
        )
        .filter(pl.col("named_until").is_not_null())
        .join(articles.select(*ARTICLE, "body"), on=ARTICLE)
        .filter(gap.str.contains(BETWEEN))
        .select(*SPAN, *ENTITY, method=pl.lit("pronoun"), probability=pl.lit(PRONOUN_ALONE))
    )


def resolve_first_persons(statements: pl.DataFrame, resolved: pl.DataFrame) -> pl.DataFrame:
    """One row per speaker `I` of a statement inside a quotation: whoever is quoted there, where that is a person."""
    speaks, who = ["speaker_start", "speaker_end"], ["entity_id", "name", "type", "wikidata_id"]
    inner = (
        statements.filter(pl.col("speaker").is_in(["I", "me", "myself"]))
        .select(*ARTICLE, start="speaker_start", end="speaker_end")
        .unique(SPAN)
        .pipe(in_content, statements.filter(pl.col("kind") != "indirect"), "quote")
        .filter(pl.col("quote").is_not_null())
    )
    persons = resolved.filter(pl.col("type") == "PER", pl.col("method") != "ambiguous")
    persons = persons.select(*ARTICLE, *who, "probability", speaker_start="start", speaker_end="end")
    return (
        inner.join(statements.select(*ARTICLE, *speaks, quote="statement_id"), on=[*ARTICLE, "quote"])
        .join(persons, on=[*ARTICLE, *speaks])
        .select(*SPAN, *who, method=pl.lit("pronoun"), probability=pl.col("probability") * PRONOUN_ALONE)
    )
