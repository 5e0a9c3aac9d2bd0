"""Surgery on built Keras models: cut them in two, put layers in, find the classifier."""

from tfwsol.graph.cut import Cut, cut_model
from tfwsol.graph.head import Head
from tfwsol.graph.insertion import insert_after
from tfwsol.graph.part import GraphPart
from tfwsol.graph.split import split
from tfwsol.graph.tail_form import TailForm

__all__ = ["Cut", "GraphPart", "Head", "TailForm", "cut_model", "insert_after", "split"]
