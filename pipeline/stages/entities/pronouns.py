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
abbie abby abigail adele adriana adrienne agatha agnes aisha alana alejandra aleksandra alexa alexandra alexandria
alexis alice alicia alina alison allison alyssa amal amanda amber amelia amina amy ana anabel anastasia andie andrea
angela angelina anika anita anjali ann anna annabel anne annette annie antonia anya april ariana arianna arlene ashley
athena audrey aurora ava aya azadeh barbara beatrice beatriz becky belinda bella bernadette bernice beth bethany betsy
bettina betty beverly bianca blanca bonnie brenda brianna bridget bridgette brigitte brittany bronwyn brooke caitlin
camille candace candice carla carlota carly carmela carmen carol carole carolina caroline carolyn caryn cassandra
cassie catherine cathleen cathy cecilia celeste chantal charlene charlotte charmaine chelsea chelsey cherie cheryl
chiara chloe christa christiane christie christina christine cindy claire clara clare claudia clementine colleen
condoleezza connie consuelo corinne courtney cristina crystal cynthia daisy dalia damaris danica danielle daphne daria
darlene davina dawn deanna debbie deborah debra deirdre delia delores denise desiree diana diane dianne dina dolly
dolores donatella donna dora doris dorothy edith edwina eileen elaine eleanor elena elisabeth elise eliza elizabeth
ella ellen eloise elsa elsie elvira emilia emilie emily emma emmeline erica erika erin esmeralda estelle esther ethel
eugenia eunice eva evangeline eve evelyn faith fanny farah fatima felicia fiona fiorella flora florence frances
francesca francine frida gabriela gabrielle gail galina gemma genevieve georgina geraldine gertrude gillian gina ginny
giorgia giulia gladys glenda gloria grace graciela greta gretchen gwen gwendolyn gwyneth hannah harriet hayley hazel
heather heidi helen helena henrietta hilda hillary holly hope huma ida ilana ilse imogen ines inga ingeborg ingrid
irene irina iris isabel isabella ivana ivanka ivy jacqueline jada jana jane janelle janet janice janine jasmine
jeanette jeanne jeannie jemima jen jenna jennifer jenny jeri jessica jill joan joanna joanne jocelyn jodi jolene
josefina josephine josie joy joyce juana juanita judi judith judy julia juliana julianne julie juliet julissa june
justine kaitlyn kara karen karin karla karoline kate katharine katherine kathie kathleen kathrin kathryn kathy katie
katja katrina kay keisha kellie kellyanne kelsey kiersten kimberly kirsten kirstie kirstin kristen kristin kristina
kyra ladonna lana lara larissa latisha latoya laura laurel lauren leah leanne leila lena leticia lillian lily lina
linda linette lisa liv liz liza lois lola loraine lorena loretta lori lorna lorraine louise lourdes lucia lucille
lucinda lucy luisa luz lydia lynn mabel mackenzie maddie madeleine madeline mae magdalena maggie maia malala malia
manuela mara marcella marcia margaret margarita margot marguerite maria mariah marian marianne maribel marie marilou
marilyn marina marion marisa marissa marjorie marjory marla marlene marsha marta martha martina mary maryanne maude
maura maureen mavis maxine maya megan meghan megyn melania melanie melinda melissa mercedes meredith meryl mia
michelle mika mila mildred millicent mimi mindy minnie mireille miriam moira molly mona monica muriel myra nadia
nadine nancy naomi natalia natalie natalya natasha nelly nicole nikki nina nora noreen norma odette odile olga olivia
olympia oprah paige pam pamela patricia patsy patti patty paula paulette pauline peggy penelope penny perla petra
phoebe phyllis pia polina polly priscilla rachael rachel ramona raquel rebecca rebekah reem reese regina renee rhoda
rhonda rita roberta robyn rochelle romina rosa rosalie rosalind rosalyn rosanna roseanne rosemary rosie rowena roxana
roxanne ruby ruth sabine sabrina sade sally samantha samira sandra sara sarah saundra savannah selena shaheen sharon
sharron sheena sheila shelley sherry sheryl shira shirin shirley silvia simone siobhan socorro sofia soledad sonia
sonya sophia sophie stacey starla stella stephanie stephany sue susan susanna susanne suzan suzanne svetlana sybil
sylvia sylvie tabitha tamar tamara tammy tania tanya tara tatiana tatyana teresa teri terri tess thelma theresa
tiffany tina toni tonya tracey trina trudy tulsi uma ursula valentina valeria valerie vanessa vanna velma vera verna
veronica vicki vicky victoria viola violet virginia vivian vivienne wanda wendy wilhelmina wilma winifred winnie
yasmin yelena yevgenia yoko yolanda yulia yvette yvonne zainab zara zelda zoe
"""
MEN: Final = """
aaron abdallah abdel abdul abdullah abe abraham adam adnan adolf adolfo adrian agustin ahmed akira al alain alan
alastair albert aldo alec alejandro aleksandr aleksei alessandro alex alexander alexei alfonso alfred alfredo ali
alistair allen alonzo alvin amadou amir amos anatoly anders andre andreas andrei andrew andriy andy angelo angus anil
anthony antoine antonin antonio archie ari armando arnaud arnold arseniy arthur arturo asher ashraf augusto austin
axel aziz baltasar barack barney barry bart bashar basil beau ben benedict benito benjamin benny benoit bernard
bernardo bernie bert bilal bill billy blaine blake bob bobby boris boyd brad braden bradley brandon brendan brent bret
brett brian brock bruce bruno bryan bud byron caleb calvin carl carlo carlos carlton carmine cecil cedric cesar chad
chaim charles charlie chas chester chris christian christopher chuck clarence clark claude claudio clay clayton
clement cliff clifford clint clinton cody colby colin conor conrad corey cornelius cornell cory craig cuauhtemoc curt
curtis cy cyril cyrus dale damian damien damon dan daniel danny dario darrell darren darrin darryl daryl dave david
dean deepak delbert demetrius dennis denny derek desmond deval devin dick diego dieter dimitri dirk dmitri dmitry
dmytro dominic dominick don donald donnie doug dougal douglas dov drew duane duncan dustin dwayne dwight dylan eamon
earl earle eberhard ed eddie edgar edgardo edmond edmund eduardo edward edwin efrain efren eladio elbert eldridge eli
elijah eliot elliot elliott ellis elmer elton emil emile emilio emmanuel emmett enrico enrique eric erich erik ernest
ernesto ernie erwin ethan etienne eugene evan ezra faisal fareed federico felipe felix ferdinand fernando fidel
filippo fletcher floyd francisco franco francois frank frankie franklin fred frederick fritz gabriel gareth garrett
garry gary gaston gavin gene gennady geoffrey georg george georges gerald geraldo gerard gianni gideon gilbert
gilberto giles giorgio giovanni giuseppe glen glenn gonzalo gordon graham grant greg gregory guido gunther gus gustav
gustavo guy habib hal hamid hamza hani hank hans harold harris harry harvey hashim hassan heath hector heinrich heinz
helmut henri henry herbert herman hernan hideki hiram hiroshi homer horace hosni howard hubert hugh hugo humberto
hussein hyman ian ibrahim ignacio igor ike ilan ingmar irving irwin isaac isaiah isidro ismail itzhak ivan ivo iwan
jace jack jackson jacob jacques jake jamaal jamal james jamil janos jared jaroslaw jason javier jay jeb jed jeff
jeffrey jens jeremiah jeremy jermaine jerome jerry jesse jim jimmie jimmy joachim joaquin jock joe joel joey johan
johann johannes john johnnie johnny jon jonah jonas jonathan jordi jorge jose josef josep joseph josh joshua jozef
juan juergen jules julian julien julio julius jurgen justin kareem karim karl kasim keenan keir keith ken kenji
kenneth kenny kent kermit kevin khaled khalid khizr kieran kirk klaus kofi konrad kristian kristofer kurt kwame kyle
lambert lance larry lars laurence laurent lawrence lawton lazaro lech lee leland leo leon leonard leonardo leonid
leopold leroy les lester levi lewis liam lincoln linus lionel lloyd logan lorenzo lorne lothar louis luc luca lucas
luciano ludwig luigi luis luke luther lyle lyndon mack mahmoud maksim malcolm manfred manny manolo mansour manuel marc
marcel marcelo marco marcus mario mark marlon marshall martin marty marvin marwan masood mateo mathew mathias matt
matteo matthew matthias maurice mauricio max maxim maxwell mehmet mel melvin merrick mervyn micah michael micheal
mickey miguel mikael mike mikhail milan miles milo milos milton mitch mitchell mitt mohamed mohammad mohammed monte
mordechai morris mort moses muhammad murray mustafa nasser nate nathan nathaniel naveed ned neil nelson nestor newt
niall nicholas nick nicolas niels nigel nikita nikolai noah noel norbert norm norman nouri octavio olaf ole oleg
oliver olivier omar omer orlando orrin orville osama oscar osvaldo otis otto owen pablo pascal pasquale patricio
patrick paul pavel pavlo pawel pedro percy perry pervez pete peter petr petro petros phil philip phillip pierce pierre
piers piet pietro piotr porter preston quentin quincy radovan rafael rafi raheem rahm raila rajiv raleigh ralph ramiro
ramon rand randal randall randolph randy raoul rashad rashid raul ray raymond recep reggie reginald reince reinhard
rene reuben rex reza rhys ricardo richard rick ricky rico rob robbie robby robert roberto rocco rocky rod roderick
rodney rodolfo rodrigo rogelio roger roland rolando rolf roman romeo ron ronald rory rosendo ross roy royce ruben
rudolph rudy rufus rupert russ russell rutherford ryan saeed sal salim salman salvador sam sami sammy samuel sandor
sanjay santiago saul sayed scott sean sebastian sergei sergey sergio seth shane shaquille shaun sheldon sherman shimon
shinzo sid sidney silvio simeon simon sol spencer stan stanley stefan stefano steny stephen sterling steve steven
stewart stu stuart sven syed tad tariq tayyip ted terrence terry thaddeus theo theodor theodore thom thomas thorsten
tim timothy tito tobias toby todd tom tomas tommaso tommy tony toshiro travis trent trevor trey troy tucker tyler
tyrone tyson ulrich ulysses umberto uri usman valentin valery vance vaughn vern vernon victor vidal vijay viktor vince
vincent virgil vito vittorio vladimir vladislav volker volodymyr wade waldo walid wallace wally walt walter warren
wayne wendell werner wesley weston wilbur wiley wilfred wilhelm will willard william willie winston wolfgang woodrow
woody xavier yair yasir yasser yitzhak yoshihide yuri yusuf zachary zack zalmay zane zbigniew zeke
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
