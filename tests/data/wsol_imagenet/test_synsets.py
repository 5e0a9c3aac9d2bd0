from tfwsol.data import imagenet_class_names
from tfwsol.data.wsol_imagenet.synsets import class_of_synset


def test_classes_are_ranks_in_sorted_order():
    classes = class_of_synset()
    assert len(classes) == len(imagenet_class_names()) == 1000
    assert list(classes) == sorted(classes)
    assert list(classes.values()) == list(range(1000))


def test_some_classes_by_hand():
    names = imagenet_class_names()
    for synset, name in {
        "n01440764": "tench",
        "n02123045": "tabby",
        "n15075141": "toilet tissue",
    }.items():
        assert names[class_of_synset()[synset]] == name
