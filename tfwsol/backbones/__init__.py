"""The networks of the papers and of the demo, built by name."""

from tfwsol.backbones.alexnet import alexnet
from tfwsol.backbones.application import application
from tfwsol.backbones.critter_net import critter_net
from tfwsol.backbones.endpoints import endpoints
from tfwsol.backbones.file_weights import FileWeight, file_weights, weight_sources
from tfwsol.backbones.googlenet import googlenet
from tfwsol.backbones.inception_v3 import inception_v3
from tfwsol.backbones.mobilenet_v1 import mobilenet_v1
from tfwsol.backbones.registry import build, names
from tfwsol.backbones.resnet50 import resnet50, resnet50_se
from tfwsol.backbones.squeezenet import squeezenet
from tfwsol.backbones.vgg16 import vgg16

__all__ = [
    "FileWeight",
    "alexnet",
    "application",
    "build",
    "critter_net",
    "endpoints",
    "file_weights",
    "googlenet",
    "inception_v3",
    "mobilenet_v1",
    "names",
    "resnet50",
    "resnet50_se",
    "squeezenet",
    "vgg16",
    "weight_sources",
]
